// Kills a materialization of each pattern at each of its crash points, in its first and in its second transaction, and
// starts it again from where the pattern says: the checkpoint of the destination, or that of the runtime, which is this
// test. Each transaction adds one to a counter that is loaded before, so a transaction that is lost or done twice shows.

import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import {
  FULL_RANGE,
  packTuple,
  type Checkpoint,
  type MaterializationSpec,
  type MaterializeRequest,
} from '@weir/protocol';
import { ConnectorDriver, temporaryDirectory } from '@weir/testing';
import { CRASH_POINTS } from './crash-points.ts';
import type { Transactor } from './transactor.ts';

type Pattern = Transactor['pattern'];
type State = Readonly<Record<string, unknown>>;

const DESTINATION = join(import.meta.dirname, '../test/file-destination.ts');
const TRANSACTIONS = 3;
const isLong = process.env['WEIR_CRASH_RUNS'] !== undefined;
const keyPacked = packTuple(['counter']);

function specOf(path: string, pattern: Pattern): MaterializationSpec {
  return {
    name: 'acme/mat',
    connectorType: 'LOCAL',
    config: JSON.stringify({ path, pattern }),
    bindings: [],
    inactiveBindings: [],
  };
}

function checkpointAt(position: number): Checkpoint {
  return { sources: { 'journal;suffix': { readThrough: BigInt(position), producers: [] } }, ackIntents: {} };
}

/** A runtime whose store outlives the process of the connector. */
class Runtime {
  readonly #path: string;
  readonly #pattern: Pattern;
  /** Committed together. */
  #position = 0;
  #state: State = {};

  constructor(path: string, pattern: Pattern) {
    this.#path = path;
    this.#pattern = pattern;
  }

  #commit(position: number, patch: State): void {
    this.#position = position;
    this.#state = Object.fromEntries(
      Object.entries({ ...this.#state, ...patch }).filter(([, value]) => value !== null),
    );
  }

  /** Applies, opens, and runs transactions until the counter has all of them or the process dies. */
  async session(crashPoint?: string): Promise<{ readonly died: boolean; readonly counter: number }> {
    await using connector = new ConnectorDriver({
      direction: 'materialize',
      command: [process.execPath, DESTINATION],
      codec: 'proto',
      env: crashPoint === undefined ? {} : { WEIR_CRASH_POINT: crashPoint },
    });
    const materialization = specOf(this.#path, this.#pattern);
    const state = JSON.stringify(this.#state);
    const open: MaterializeRequest = {
      kind: 'open',
      materialization,
      version: '1',
      range: FULL_RANGE,
      state,
    };
    connector.send({ kind: 'apply', materialization, version: '1', lastVersion: '' }, open);
    let position = this.#position;
    let counter = 0;
    const begin = (patches: readonly State[]): void => {
      counter = 0;
      connector.send(
        { kind: 'acknowledge', statePatches: JSON.stringify(patches) },
        { kind: 'load', binding: 0, keyPacked },
      );
    };
    for (
      let response = await connector.receive();
      response !== undefined;
      response = await connector.receive()
    ) {
      if (response.kind === 'opened') {
        const { runtimeCheckpoint } = response;
        assert.equal(typeof runtimeCheckpoint === 'object', this.#pattern === 'authoritative');
        if (typeof runtimeCheckpoint === 'object') {
          position = Number(runtimeCheckpoint.sources['journal;suffix']?.readThrough ?? 0);
        }
        begin([]);
      } else if (response.kind === 'acknowledged') {
        this.#commit(position, JSON.parse(response.state?.updated ?? '{}') as State);
        connector.send({ kind: 'flush' });
      } else if (response.kind === 'loaded') {
        counter = (JSON.parse(response.doc.toString()) as { counter: number }).counter;
      } else if (response.kind === 'flushed') {
        // What was committed and where it was committed to are one, or the rows may be ahead.
        if (this.#pattern === 'best-effort') assert.ok(counter >= position);
        else assert.equal(counter, position);
        if (position === TRANSACTIONS) return { died: false, counter };
        position += 1;
        const doc = Buffer.from(JSON.stringify({ counter: counter + 1 }));
        const store = {
          binding: 0,
          keyPacked,
          valuesPacked: Buffer.alloc(0),
          doc,
          exists: counter > 0,
          delete: false,
        };
        connector.send({ kind: 'store', ...store });
        connector.send({ kind: 'startCommit', runtimeCheckpoint: checkpointAt(position) });
      } else if (response.kind === 'startedCommit') {
        const patch = JSON.parse(response.state?.updated ?? '{}') as State;
        this.#commit(position, patch);
        begin([patch]);
      }
    }
    const { signal } = await connector.exited;
    assert.equal(signal, 'SIGKILL', connector.logs.at(-1)?.message ?? 'ended without a log line');
    return { died: true, counter };
  }
}

const promises: Readonly<Record<Pattern, string>> = {
  authoritative: 'every transaction is done once',
  'post-commit': 'every transaction is done once',
  'best-effort': 'no transaction is lost, and only the one that was cut short may be done twice',
};

for (const [pattern, promise] of Object.entries(promises) as [Pattern, string][]) {
  for (const point of CRASH_POINTS) {
    test(`[G2] ${pattern}: killed at ${point}, ${promise}`, async () => {
      using folder = temporaryDirectory();
      const runtime = new Runtime(join(folder.path, 'rows.json'), pattern);
      const passes = point.endsWith('-apply') ? [1] : isLong || pattern === 'authoritative' ? [1, 2] : [2];
      for (const pass of passes) {
        const { died } = await runtime.session(`${point}:${pass}`);
        assert.ok(died, `${point}:${pass} was not passed`);
      }
      const { counter } = await runtime.session();
      if (pattern !== 'best-effort') assert.equal(counter, TRANSACTIONS);
      else assert.ok(counter >= TRANSACTIONS && counter <= TRANSACTIONS + passes.length, `${counter}`);
    });
  }
}
