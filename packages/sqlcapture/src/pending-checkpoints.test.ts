import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { FakePosition } from '../test/fake-database.ts';
import { PendingCheckpoints } from './pending-checkpoints.ts';

test('[G1] an acknowledgement frees the log up to the checkpoints that it is of, and not one further', () => {
  const step = fc.oneof(
    fc.record({ kind: fc.constant('checkpoint' as const), hasPosition: fc.boolean() }),
    fc.record({ kind: fc.constant('acknowledgement' as const), count: fc.integer({ min: 1, max: 5 }) }),
  );
  fc.assert(
    fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
      const pending = new PendingCheckpoints();
      const expected: (number | undefined)[] = [];
      let written = 0;
      for (const each of steps) {
        if (each.kind === 'checkpoint') {
          written += 1;
          expected.push(each.hasPosition ? written : undefined);
          pending.push(each.hasPosition ? new FakePosition(written) : undefined);
        } else {
          const last = expected.splice(0, each.count).findLast((position) => position !== undefined);
          assert.equal(pending.acknowledge(each.count)?.toString(), last?.toString());
        }
        assert.equal(pending.length, expected.length);
      }
    }),
  );
});

test('a queue that has been long stays right when its beginning is dropped', () => {
  const pending = new PendingCheckpoints();
  for (let lsn = 0; lsn < 5000; lsn += 1) pending.push(new FakePosition(lsn));
  for (let lsn = 0; lsn < 5000; lsn += 1) assert.equal(pending.acknowledge(1)?.toString(), String(lsn));
  assert.equal(pending.length, 0);
});
