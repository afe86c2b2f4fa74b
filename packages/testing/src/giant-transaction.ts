// Transactions of a materialization connector that are far larger than its memory: rows that may be new, rows that are,
// rows that replace others, keys that are asked for. What its process held at most is the kernel's figure.

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import {
  createEncoder,
  FULL_RANGE,
  type MaterializationSpec,
  type MaterializeRequest,
  packTuple,
} from '@weir/protocol';
import { checkpointAt } from './transactions.ts';
import { ConnectorDriver } from './connector-driver.ts';
import { sampleBindingSpec, sampleMaterialization } from './materialization-spec.ts';

export interface GiantTransaction {
  /** The connector's main file. */
  readonly main: string;
  readonly config: object;
  readonly resourcePath: readonly string[];
}

export interface GiantFigures {
  readonly loaded: number;
  /** Of all requests of one of the transactions. */
  readonly transactionMiB: number;
  /** After a small transaction, after those of each kind, and in the end. */
  readonly smallMiB: number;
  readonly stagedMiB: number;
  readonly insertedMiB: number;
  readonly peakMiB: number;
}

const isLong = process.env['WEIR_CRASH_RUNS'] !== undefined;

/**
 * Of each transaction, and how much of the keys of one are asked for. `npm run crash` has millions; otherwise there are fewer,
 * with documents so long that to keep them all would show.
 */
export const giant: { readonly rows: number; readonly loads: number; readonly paddingBytes: number } = isLong
  ? { rows: 2_000_000, loads: 1_000_000, paddingBytes: 50 }
  : { rows: 60_000, loads: 30_000, paddingBytes: 3000 };

const SMALL_ROWS = isLong ? 50_000 : 10_000;

/** Fails where memory has grown along with the transactions. */
export function assertBounded(figures: GiantFigures): void {
  const { smallMiB, peakMiB, transactionMiB, loaded } = figures;
  const told = JSON.stringify(figures);
  assert.equal(loaded, giant.loads, told);
  assert.ok(peakMiB - smallMiB < transactionMiB / 2 && peakMiB < 300, told);
}

function peakMiB(pid: number): number {
  const [, kibibytes = '0'] = /VmHWM:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8')) ?? [];
  return Math.round(Number(kibibytes) / 1024);
}

function giantSpec({ config, resourcePath }: GiantTransaction): MaterializationSpec {
  const table = resourcePath.at(-1) ?? '';
  const binding = sampleBindingSpec({
    resourcePath,
    resource: { table, delta_updates: false },
    fields: { id: { types: ['integer'] }, name: { types: ['string'] } },
  });
  return { ...sampleMaterialization(binding), config: JSON.stringify(config) };
}

/** Afterwards there are twice as many rows as a transaction has, of which one half are named `… replaced`. */
export async function takeGiantTransactions(subject: GiantTransaction): Promise<GiantFigures> {
  const { main } = subject;
  const { rows, loads, paddingBytes } = giant;
  const padding = 'x'.repeat(paddingBytes);
  await using connector = new ConnectorDriver({
    direction: 'materialize',
    command: [process.execPath, main],
    codec: 'proto',
  });
  const materialization = giantSpec(subject);
  connector.send({ kind: 'apply', materialization, version: '1', lastVersion: '' });
  await connector.expect('applied');
  connector.send({ kind: 'open', materialization, version: '1', range: FULL_RANGE, state: '{}' });
  await connector.expect('opened');

  const store = (id: number, exists: boolean, version: string): MaterializeRequest => {
    const name = `name ${id} ${version}`;
    return {
      kind: 'store',
      binding: 0,
      keyPacked: packTuple([id]),
      valuesPacked: packTuple([name]),
      doc: Buffer.from(JSON.stringify({ id, name, padding })),
      exists,
      delete: false,
    };
  };
  let offset = 0;
  /** Requests are made as the connector takes them. */
  async function sendAll(count: number, request: (index: number) => MaterializeRequest): Promise<number> {
    const encoder = createEncoder('materialize.Request', 'proto');
    let sentBytes = 0;
    const send = async (): Promise<void> => {
      const bytes = encoder.take();
      sentBytes += bytes.length;
      await connector.write(bytes);
    };
    for (let index = 0; index < count; index += 1) {
      encoder.write(request(index));
      if (encoder.byteLength >= 256 << 10) await send();
    }
    await send();
    return sentBytes;
  }
  let transactionBytes = 0;
  async function transaction(stores: {
    readonly count: number;
    readonly version: string;
    readonly from?: number;
    readonly exists?: boolean;
    readonly asked?: number;
  }): Promise<number> {
    const { count, version, from = 0, exists = true, asked = 0 } = stores;
    connector.send({ kind: 'acknowledge' });
    const answers = (async (): Promise<number> => {
      for (let loaded = 0; ; loaded += 1) {
        const response = await connector.receive();
        if (response?.kind === 'flushed') return loaded;
        if (response === undefined) await connector.expect('flushed');
        if (response?.kind === 'acknowledged') loaded -= 1;
      }
    })();
    await sendAll(asked, (index) => ({ kind: 'load', binding: 0, keyPacked: packTuple([index]) }));
    connector.send({ kind: 'flush' });
    const loaded = await answers;
    transactionBytes = await sendAll(count, (index) => store(from + index, exists, version));
    offset += 1;
    connector.send({ kind: 'startCommit', runtimeCheckpoint: checkpointAt(offset) });
    await connector.expect('startedCommit');
    return loaded;
  }

  const pid = connector.pid ?? 0;
  const empty = { count: 0, version: '' };
  // The first transaction of a session is not like the others: rows that are new are not trusted to be so.
  await transaction({ count: 1, version: 'first', exists: false });
  await transaction({ count: SMALL_ROWS, version: 'small' });
  await transaction({ ...empty, asked: SMALL_ROWS });
  const smallMiB = peakMiB(pid);
  await transaction({ count: rows, version: 'replaced or new' });
  // The commit before is over when this one is.
  await transaction(empty);
  const stagedMiB = peakMiB(pid);
  await transaction({ count: rows, from: rows, version: 'new', exists: false });
  await transaction(empty);
  const insertedMiB = peakMiB(pid);
  const loaded = await transaction({ count: rows, version: 'replaced', asked: loads });
  const transactionMiB = Math.round(transactionBytes / (1 << 20));
  await transaction(empty);
  return { loaded, transactionMiB, smallMiB, stagedMiB, insertedMiB, peakMiB: peakMiB(pid) };
}
