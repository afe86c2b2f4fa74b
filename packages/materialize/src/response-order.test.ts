import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ResponseOrder } from './response-order.ts';

test('the order of answers is refused for every pair the protocol does not allow', () => {
  const path = { opened: [], acknowledged: ['opened'], flushed: ['opened', 'acknowledged'] } as const;
  const before: Record<
    string,
    readonly ('opened' | 'acknowledged' | 'loaded' | 'flushed' | 'startedCommit')[]
  > = {
    opened: ['opened'],
    acknowledged: ['opened', 'acknowledged'],
    loaded: ['opened', 'acknowledged', 'loaded'],
    flushed: [...path.flushed, 'flushed'],
    startedCommit: [...path.flushed, 'flushed', 'startedCommit'],
  };
  const allowed: Record<string, readonly string[]> = {
    opened: ['acknowledged'],
    acknowledged: ['loaded', 'flushed'],
    loaded: ['loaded', 'flushed'],
    flushed: ['startedCommit'],
    startedCommit: ['acknowledged'],
  };
  for (const [last, steps] of Object.entries(before)) {
    for (const next of ['opened', 'acknowledged', 'loaded', 'flushed', 'startedCommit'] as const) {
      const order = new ResponseOrder();
      for (const step of steps) order.advance(step);
      if (allowed[last]?.includes(next)) order.advance(next);
      else
        assert.throws(
          () => order.advance(next),
          { code: 'MATERIALIZE_OUT_OF_ORDER' },
          `${next} after ${last}`,
        );
    }
  }
});
