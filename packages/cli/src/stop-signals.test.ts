import assert from 'node:assert/strict';
import { test } from 'node:test';
import { onStopSignal, type StopSignal, takeHandedOn } from './stop-signals.ts';

test('a signal that comes directly and handed on counts once, in either order, and each further one counts', () => {
  const seen: StopSignal[] = [];
  const sent = (name: StopSignal): boolean => process.emit(name, name);
  {
    using _listening = onStopSignal((name) => seen.push(name));
    sent('SIGINT');
    takeHandedOn('SIGINT');
    assert.deepEqual(seen, ['SIGINT'], 'one Ctrl-C of a terminal');
    takeHandedOn('SIGINT');
    sent('SIGINT');
    assert.deepEqual(seen, ['SIGINT', 'SIGINT'], 'a second one, the other way round');
    takeHandedOn('SIGTERM');
    assert.deepEqual(
      seen.splice(0),
      ['SIGINT', 'SIGINT', 'SIGTERM'],
      'another signal, to the launcher alone',
    );
    takeHandedOn('SIGTERM');
    sent('SIGHUP');
    assert.deepEqual(seen, ['SIGTERM', 'SIGHUP'], 'further ones, to one of the two');
  }
  assert.equal(process.listenerCount('SIGINT'), 0, 'whoever stops listening leaves nothing behind');
});
