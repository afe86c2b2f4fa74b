import assert from 'node:assert/strict';
import { test } from 'node:test';
import { FakePosition } from '../test/fake-database.ts';
import { BoundTables } from './bound-tables.ts';
import { CheckpointedOutput } from './checkpointed-output.ts';
import type { ReplicationEvent, ReplicationStream } from './database.ts';
import { Relay } from './relay.ts';
import { CaptureState, pendingTable } from './state.ts';

function changes(...documents: readonly string[]): ReplicationEvent {
  let end = 0;
  const ends = documents.map(({ length }) => (end += length));
  const bytes = Buffer.from(documents.join(''));
  return {
    kind: 'changes',
    table: 0,
    count: documents.length,
    documents: { bytes, ends },
    keys: undefined,
  };
}

function commit(lsn: number, isFollowed: boolean): ReplicationEvent {
  return { kind: 'commit', position: new FakePosition(lsn), isFollowed };
}

/** What leaves when these events have arrived at once; the relay is stopped when they are used up. */
async function relayed(...arrived: ReplicationEvent[]): Promise<readonly string[]> {
  const stop = new AbortController();
  const stream: Pick<ReplicationStream, 'next' | 'wait' | 'interrupt' | 'nudge'> = {
    next: () => arrived.shift(),
    wait: async () => stop.abort(),
    interrupt: () => {},
    nudge: () => {},
  };
  const state = CaptureState.from({});
  state.set('t', { ...pendingTable, mode: 'Active' });
  const binding = { index: 0, stateKey: 't', resource: { namespace: 'public', stream: 't' } };
  const tables = new BoundTables([{ ...binding, collectionKey: ['/id'], wantsTransactionId: false }], state);
  const left: string[] = [];
  const output = new CheckpointedOutput(
    {
      documents: (_binding, count, { bytes, ends }) => left.push(bytes.toString('utf8', 0, ends[count - 1])),
      sourcedSchema: () => {},
      checkpoint: () => left.push('checkpoint'),
      drained: async () => {},
    },
    state,
    () => 0,
  );
  const relay = new Relay(
    stream as ReplicationStream,
    tables,
    output,
    5000,
    { signal: stop.signal, now: () => 0 },
    {
      checkpoint: () => output.checkpoint(),
      tableChanged: () => {},
      truncated: () => {},
      idle: async () => {},
    },
  );
  await relay.run({ checkpoints: true });
  return left;
}

test('a commit has its checkpoint before a transaction of which only the beginning has arrived', async () => {
  assert.deepEqual(await relayed(changes('a'), commit(1, false), changes('b')), ['a', 'checkpoint', 'b']);
});

test('commits that arrive together share a checkpoint', async () => {
  assert.deepEqual(await relayed(changes('a'), commit(1, true), changes('b', 'c'), commit(2, false)), [
    'a',
    'bc',
    'checkpoint',
  ]);
});

test('what was committed leaves although a commit that was seen to follow is late', async () => {
  assert.deepEqual(await relayed(changes('a'), commit(1, true)), ['a', 'checkpoint']);
});

test('commits with many documents do not wait for those that follow', async () => {
  const large = 'x'.repeat(300_000);
  assert.deepEqual(await relayed(changes(large), commit(1, true), changes('b'), commit(2, false)), [
    large,
    'checkpoint',
    'b',
    'checkpoint',
  ]);
});
