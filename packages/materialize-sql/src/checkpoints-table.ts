// `flow_checkpoints_v1`: one row for each task and range of key hashes, with the runtime's checkpoint and a fence, a
// number that only rises. Its layout and the base64 of the checkpoint are those of Flow's own connectors.

import {
  decodeCheckpoint,
  encodeCheckpoint,
  type EXPLICIT_ZERO_CHECKPOINT,
  type Checkpoint,
  type Inference,
  type Projection,
} from '@weir/protocol';
import type { Dialect } from './dialect.ts';
import { type Table, tableOf } from './table.ts';

export const CHECKPOINTS_TABLE = 'flow_checkpoints_v1';
export const checkpointsTableComment =
  'Positions of materializations, kept together with the rows they write';

/** What a type map may make a wider column of. */
export const CHECKPOINT_CONTENT_TYPE = 'application/x-protobuf; proto=consumer.Checkpoint';

export interface FenceRow {
  /** Inclusive range of key hashes, as `keyBegin`, `keyEnd` of the session. */
  readonly keyBegin: number;
  readonly keyEnd: number;
  readonly fence: bigint;
  /** Base64 of the checkpoint's protobuf bytes. */
  readonly checkpoint: string;
}

export function encodeFenceCheckpoint(checkpoint: Checkpoint | typeof EXPLICIT_ZERO_CHECKPOINT): string {
  return encodeCheckpoint(checkpoint).toString('base64');
}

export function decodeFenceCheckpoint(text: string): Checkpoint | typeof EXPLICIT_ZERO_CHECKPOINT {
  return decodeCheckpoint(Buffer.from(text, 'base64'));
}

interface CheckpointsColumn {
  readonly type: 'string' | 'integer';
  readonly isKey: boolean;
  readonly comment: string;
  readonly contentType?: string;
}

const columns: Readonly<Record<string, CheckpointsColumn>> = {
  materialization: { type: 'string', isKey: true, comment: 'The name of the materialization' },
  key_begin: { type: 'integer', isKey: true, comment: 'Least key hash of the range, inclusive' },
  key_end: { type: 'integer', isKey: true, comment: 'Greatest key hash of the range, inclusive' },
  fence: { type: 'integer', isKey: false, comment: 'Raised by each session; older ones cannot commit' },
  checkpoint: {
    type: 'string',
    isKey: false,
    comment: 'The position of the last commit, as base64 of protobuf',
    contentType: CHECKPOINT_CONTENT_TYPE,
  },
};

function projectionOf(field: string, { type, isKey, contentType = '' }: CheckpointsColumn): Projection {
  const string = { contentType, format: '', contentEncoding: '', maxLength: 0 };
  const inference: Inference = {
    types: [type],
    ...(type === 'string' ? { string } : {}),
    title: '',
    description: '',
    secret: false,
    exists: 'MUST',
    enum: [],
  };
  return { ptr: `/${field}`, field, explicit: true, isPartitionKey: false, isPrimaryKey: isKey, inference };
}

/** The table as one of the dialect's own, in the given namespaces. */
export function checkpointsTable<Convert>(
  dialect: Dialect<Convert>,
  namespaces: readonly string[],
): Table<Convert> {
  const fields = Object.entries(columns);
  const names = (isKey: boolean): string[] =>
    fields.filter(([, column]) => column.isKey === isKey).map(([field]) => field);
  const table = tableOf(
    {
      resourcePath: [...namespaces, CHECKPOINTS_TABLE],
      collection: {
        name: '',
        key: names(true).map((field) => `/${field}`),
        uuidPtr: '',
        partitionFields: [],
        projections: fields.map(([field, column]) => projectionOf(field, column)),
        writeSchema: '{}',
      },
      fieldSelection: { keys: names(true), values: names(false), document: '', fieldConfig: {} },
      deltaUpdates: false,
    },
    dialect,
  );
  const described = table.columns.map((column) => ({
    ...column,
    comment: columns[column.field]?.comment ?? '',
  }));
  return { ...table, columns: described };
}

export interface FenceStatements {
  /** `(task, keyBegin, keyEnd)` */
  readonly raiseOverlapping: string;
  /** `(task)` → key_begin, key_end, fence, checkpoint */
  readonly select: string;
  /** `(task, keyBegin, keyEnd, fence, checkpoint)` */
  readonly insert: string;
  /** `(checkpoint, task, keyBegin, keyEnd, fence)`; must change exactly one row, as the last statement before COMMIT. */
  readonly update: string;
}

/** The statements, with `table` the quoted name and `placeholder(1)` the first parameter's spelling. */
export function fenceStatements(
  table: string,
  { quoteIdentifier }: Pick<Dialect<unknown>, 'quoteIdentifier'>,
  placeholder: (position: number) => string,
): FenceStatements {
  const p = placeholder;
  const checkpoint = quoteIdentifier('checkpoint');
  return {
    raiseOverlapping: `UPDATE ${table} SET fence = fence + 1 WHERE materialization = ${p(1)} AND key_end >= ${p(2)} AND key_begin <= ${p(3)}`,
    select: `SELECT key_begin, key_end, fence, ${checkpoint} FROM ${table} WHERE materialization = ${p(1)}`,
    insert: `INSERT INTO ${table} (materialization, key_begin, key_end, fence, ${checkpoint}) VALUES (${p(1)}, ${p(2)}, ${p(3)}, ${p(4)}, ${p(5)})`,
    update: `UPDATE ${table} SET ${checkpoint} = ${p(1)} WHERE materialization = ${p(2)} AND key_begin = ${p(3)} AND key_end = ${p(4)} AND fence = ${p(5)}`,
  };
}
