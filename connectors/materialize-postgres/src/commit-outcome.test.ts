import assert from 'node:assert/strict';
import { test } from 'node:test';
import { EXPLICIT_ZERO_CHECKPOINT } from '@weir/protocol';
import { settleCommit } from './commit-outcome.ts';
import { FenceTable } from './fence.ts';

test('a commit whose outcome nobody can be asked for is told as unknown, and not taken for either', async () => {
  const table = new FenceTable('"public"."flow_checkpoints_v1"', 'acme/sink');
  const fence = { keyBegin: 0, keyEnd: 0xffffffff, fence: 1n, checkpoint: EXPLICIT_ZERO_CHECKPOINT } as const;
  const cause = new Error('cut off');
  let asked = 0;
  const connect = () => {
    asked += 1;
    return Promise.reject(new Error('nobody listens'));
  };
  await assert.rejects(settleCommit(table, { fence, transaction: '7', cause }, connect, 600), {
    code: 'PG_COMMIT_UNKNOWN',
    retry: 'backoff',
    message: /cut off.*nobody listens/,
    cause,
  });
  assert.ok(asked > 1);
});
