import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { MaterializeRequest, MaterializeResponse } from '@weir/protocol';
import { temporaryDirectory } from '@weir/testing';
import { ScriptedConnection } from '../../test/scripted/connection.ts';
import { ledgerCollection, ledgerMaterialization } from '../../test/scripted/ledger.ts';
import type { DocumentSource } from './document-source.ts';
import { runMaterialization } from './materialize-task.ts';
import { scratchName } from './scratch-name.ts';
import { openEnvironment } from './task-environment.ts';

test('scratch files of different tasks and of their parts have different names, which a file may have', () => {
  const long = `acme/${'käse/'.repeat(60)}`;
  const names = ['acme/a', 'acme/a-a', long, `${long}b`].flatMap((task) =>
    (['capture', 'materialization'] as const).flatMap((kind) =>
      ['a', 'b'].map((part) => scratchName(kind, task, part)),
    ),
  );
  assert.equal(new Set(names).size, 16);
  for (const name of names) assert.match(name, /^[\w%-]{1,200}$/);
});

test('[G2] two tasks with long names that begin alike, both short of memory, store each its own rows', async () => {
  using folder = temporaryDirectory();
  using environment = openEnvironment(folder.path);
  const bothHaveSpilled = Promise.withResolvers<void>();
  let spilled = 0;
  const storedBy = async (name: string, firstId: number): Promise<string[]> => {
    const stop = new AbortController();
    const stored: string[] = [];
    const connect = () =>
      new ScriptedConnection<MaterializeRequest, MaterializeResponse>(async (script) => {
        for (let request = await script.next(); request !== undefined; request = await script.next()) {
          switch (request.kind) {
            case 'apply':
              script.respond({ kind: 'applied', actionDescription: '' });
              break;
            case 'open':
              script.respond({ kind: 'opened', disableLoadOptimization: false });
              break;
            case 'acknowledge':
              script.respond({ kind: 'acknowledged' });
              break;
            case 'flush':
              if (++spilled === 2) bothHaveSpilled.resolve();
              await bothHaveSpilled.promise;
              script.respond({ kind: 'flushed' });
              break;
            case 'store':
              stored.push(String(request.doc));
              break;
            case 'startCommit':
              script.respond({ kind: 'startedCommit' });
              break;
            default:
          }
        }
      });
    await runMaterialization({
      environment,
      materialization: ledgerMaterialization(ledgerCollection(), { name }),
      version: 'v1',
      connect: async () => connect(),
      signal: stop.signal,
      maxTransactions: 1,
      memoryBytes: 1,
      openSource: () => sourceOf([firstId, firstId + 1, firstId + 2]),
    });
    return stored;
  };
  const long = 'acme/'.repeat(40);
  const [first, second] = await Promise.all([storedBy(`${long}first`, 10), storedBy(`${long}second`, 20)]);
  const rows = (firstId: number) => [0, 1, 2].map((n) => `{"id":${firstId + n},"positions":[]}`);
  assert.deepEqual([first, second], [rows(10), rows(20)]);
});

function sourceOf(ids: readonly number[]): DocumentSource {
  let isGiven = false;
  const bytes = Buffer.from(ids.map((id) => `{"id":${id},"positions":[]}\n`).join(''));
  return {
    next() {
      if (isGiven) return undefined;
      isGiven = true;
      return { binding: 0, bytes };
    },
    giveBack() {
      throw new Error('every schema is the newest');
    },
    checkpoint: () => ({ sources: {}, ackIntents: {} }),
    onMore: () => () => undefined,
    lagBytes: () => 0,
    [Symbol.dispose]() {},
  };
}
