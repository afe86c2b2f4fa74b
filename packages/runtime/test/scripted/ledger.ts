// The workload of the tests: a source that counts. Document n belongs to key n × 7 mod keys, and its `positions` are
// [n]. The schema appends positions, so that a destination's row shows every document that ever went into it: exactly
// once is when row k lists exactly the positions of key k, in order.

import type { CaptureSpec, CollectionSpec, Inference, MaterializationSpec } from '@weir/protocol';
import { journalReadSuffix } from '@weir/protocol';
import type { CaptureConnection } from '../../src/task/connection.ts';
import { ScriptedConnection } from './connection.ts';

const inference: Inference = {
  types: ['integer'],
  title: '',
  description: '',
  secret: false,
  exists: 'MUST',
  enum: [],
};

export const ledgerSchema = {
  type: 'object',
  required: ['id', 'positions'],
  properties: {
    id: { type: 'integer' },
    positions: { type: 'array', items: { type: 'integer' }, reduce: { strategy: 'append' } },
  },
  reduce: { strategy: 'merge' },
};

export function ledgerCollection(name = 'test/ledger', schema: object = ledgerSchema): CollectionSpec {
  const projection = (ptr: string, field: string, isPrimaryKey: boolean) => ({
    ptr,
    field,
    explicit: false,
    isPartitionKey: false,
    isPrimaryKey,
    inference,
  });
  return {
    name,
    key: ['/id'],
    uuidPtr: '/_meta/uuid',
    partitionFields: [],
    projections: [projection('', 'flow_document', false), projection('/id', 'id', true)],
    writeSchema: JSON.stringify(schema),
  };
}

export function ledgerCapture(collection = ledgerCollection()): CaptureSpec {
  return {
    name: 'test/source',
    connectorType: 'LOCAL',
    config: '{}',
    bindings: [
      { resourceConfig: '{}', resourcePath: ['ledger'], collection, backfill: 0, stateKey: 'ledger' },
    ],
    intervalSeconds: 300,
    inactiveBindings: [],
  };
}

export interface LedgerSinkOptions {
  readonly name?: string;
  readonly deltaUpdates?: boolean;
  readonly stateKey?: string;
}

export function ledgerMaterialization(
  collection = ledgerCollection(),
  { name = 'test/sink', deltaUpdates = false, stateKey = 'ledger' }: LedgerSinkOptions = {},
): MaterializationSpec {
  return {
    name,
    connectorType: 'LOCAL',
    config: '{}',
    bindings: [
      {
        resourceConfig: '{}',
        resourcePath: ['ledger'],
        collection,
        fieldSelection: { keys: ['id'], values: [], document: 'flow_document', fieldConfig: {} },
        deltaUpdates,
        journalReadSuffix: journalReadSuffix(name, stateKey),
        priority: 0,
        notBefore: '',
        notAfter: '',
        backfill: 0,
        stateKey,
      },
    ],
    inactiveBindings: [],
  };
}

export interface LedgerSourceOptions {
  readonly documents: number;
  readonly keys: number;
  /** Documents per checkpoint. */
  readonly batch: number;
  /** What the connector learns: acknowledged checkpoints, and the cursor it was opened at. */
  readonly onAcknowledge?: (checkpoints: number) => void;
  readonly onOpen?: (cursor: number) => void;
  readonly text?: (position: number) => string;
}

export function keyOfPosition(position: number, keys: number): number {
  return (position * 7) % keys;
}

/** Ends cleanly after the last document was acknowledged. */
export function ledgerSource(options: LedgerSourceOptions): CaptureConnection {
  const { documents, keys, batch } = options;
  return new ScriptedConnection(async (script) => {
    let request = await script.next();
    while (request?.kind === 'apply') {
      script.respond({ kind: 'applied', actionDescription: '' });
      request = await script.next();
    }
    if (request === undefined) return;
    if (request.kind !== 'open') throw new Error(`unexpected ${request.kind}`);
    const { cursor = 0 } = JSON.parse(request.state) as { cursor?: number };
    options.onOpen?.(cursor);
    script.respond({ kind: 'opened', explicitAcknowledgements: true });
    let sent = 0;
    let acknowledged = 0;
    for (let position = cursor; position < documents;) {
      const end = Math.min(position + batch, documents);
      for (; position < end; position++) {
        const text =
          options.text?.(position) ??
          JSON.stringify({ id: keyOfPosition(position, keys), positions: [position] });
        script.respond({ kind: 'captured', binding: 0, doc: Buffer.from(text) });
      }
      const updated = JSON.stringify({ cursor: position });
      script.respond({ kind: 'checkpoint', state: { updated, mergePatch: true } });
      sent += 1;
      // Some of the time wait, so that transactions of several sizes occur.
      while (sent - acknowledged > sent % 3) {
        const next = await script.next();
        if (next?.kind !== 'acknowledge') return;
        acknowledged += next.checkpoints;
        options.onAcknowledge?.(next.checkpoints);
      }
    }
    while (acknowledged < sent) {
      const next = await script.next();
      if (next?.kind !== 'acknowledge') return;
      acknowledged += next.checkpoints;
      options.onAcknowledge?.(next.checkpoints);
    }
  });
}

/** What each key's row must list. */
export function expectedPositions(documents: number, keys: number): Map<number, number[]> {
  const rows = new Map<number, number[]>();
  for (let position = 0; position < documents; position++) {
    const key = keyOfPosition(position, keys);
    rows.set(key, [...(rows.get(key) ?? []), position]);
  }
  return rows;
}
