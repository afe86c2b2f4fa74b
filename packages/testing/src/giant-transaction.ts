// One transaction of a materialization connector that is far larger than its memory: rows that are new, rows that replace
// them, keys that are asked for. What its process held at most is the kernel's figure.

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
  /** New rows of one transaction; the next asks for some of them, and replaces as many. */
  readonly rows: number;
  readonly loads: number;
}

export interface GiantFigures {
  readonly loaded: number;
  /** After a transaction of 20,000 rows, and in the end. */
  readonly smallMiB: number;
  readonly peakMiB: number;
}

const SMALL = 20_000;

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

export async function takeGiantTransaction(giant: GiantTransaction): Promise<GiantFigures> {
  const { main, rows, loads } = giant;
  await using connector = new ConnectorDriver({
    direction: 'materialize',
    command: [process.execPath, main],
    codec: 'proto',
  });
  const materialization = giantSpec(giant);
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
      doc: Buffer.from(JSON.stringify({ id, name })),
      exists,
      delete: false,
    };
  };
  let offset = 0;
  /** Requests are made as the connector takes them. */
  async function sendAll(count: number, request: (index: number) => MaterializeRequest): Promise<void> {
    const encoder = createEncoder('materialize.Request', 'proto');
    for (let index = 0; index < count; index += 1) {
      encoder.write(request(index));
      if (encoder.byteLength >= 256 << 10) await connector.write(encoder.take());
    }
    await connector.write(encoder.take());
  }
  async function transaction(
    asked: number,
    stored: number,
    exists: boolean,
    version: string,
  ): Promise<number> {
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
    await sendAll(stored, (index) => store(index, exists, version));
    offset += 1;
    connector.send({ kind: 'startCommit', runtimeCheckpoint: checkpointAt(offset) });
    await connector.expect('startedCommit');
    return loaded;
  }

  const pid = connector.pid ?? 0;
  // The first transaction of a session is not like the others: rows that are new are not trusted to be so.
  await transaction(0, 1, false, 'first');
  await transaction(0, SMALL, true, 'small');
  await transaction(0, 0, true, 'none');
  const smallMiB = peakMiB(pid);
  await transaction(0, rows, true, 'replaced or new');
  const loaded = await transaction(loads, rows, true, 'replaced');
  // The commit before is over when this one is.
  await transaction(0, 0, true, 'none');
  return { loaded, smallMiB, peakMiB: peakMiB(pid) };
}
