// The parts of a chunk, one behind the other in the order in which their rows are delivered. A chunk that is read by one
// connection is one part; one that is read by several is cut into parts that are small enough to be read ahead.

import type { PgConnection } from '@weir/pgwire';
import { compileKeyPacker, keyParameters, type PgType } from '@weir/postgres';
import { TuplePacker } from '@weir/protocol';
import {
  type ChunkTable,
  type KeyColumn,
  keyedChunkQuery,
  type KeyTexts,
  pagesChunkQuery,
  rangeEndsQuery,
} from './chunk-query.ts';
import { nextPages, type TableSize } from './page-range.ts';

/** Where each part ends is one value of one query. */
const MOST_PARTS = 256;

export interface ChunkPart {
  readonly query: string;
  /** A later scan can go on from here, whatever rows came of the query; undefined when the last of them says so. */
  readonly end: Buffer | undefined;
}

export interface ChunkParts {
  readonly parts: readonly ChunkPart[];
  /** There is nothing behind the last part; undefined when that takes the number of its rows. */
  readonly isComplete: boolean | undefined;
}

export interface KeyedChunk {
  readonly table: ChunkTable;
  readonly key: readonly KeyColumn[];
  readonly types: readonly PgType[];
  /** The packed key to begin after. */
  readonly scanned: Buffer | undefined;
}

/** One part of at most `rows` rows. */
export function undividedKeys({ table, key, types, scanned }: KeyedChunk, rows: number): ChunkParts {
  const after = scanned === undefined ? undefined : keyParameters(types, scanned);
  return {
    parts: [{ query: keyedChunkQuery(table, key, { after, limit: rows }), end: undefined }],
    isComplete: undefined,
  };
}

/**
 * Parts of `partRows` rows, `rows` altogether, before any condition or filter. The connection has the snapshot in which
 * they will be read.
 */
export async function dividedKeys(
  connection: PgConnection,
  { table, key, types, scanned }: KeyedChunk,
  rows: number,
  partRows: number,
): Promise<ChunkParts> {
  const first = scanned === undefined ? undefined : keyParameters(types, scanned);
  const count = Math.min(Math.ceil(rows / partRows), MOST_PARTS);
  const { rows: ends } = await connection.query(rangeEndsQuery(table, key, first, partRows, count));
  const parts: ChunkPart[] = [];
  let after: KeyTexts | undefined = first;
  for (const until of ends) {
    parts.push({ query: keyedChunkQuery(table, key, { after, until }), end: packKey(types, until) });
    after = until;
  }
  const isComplete = ends.length < count;
  if (isComplete) parts.push({ query: keyedChunkQuery(table, key, { after }), end: undefined });
  return { parts, isComplete };
}

function packKey(types: readonly PgType[], texts: KeyTexts): Buffer {
  const packer = new TuplePacker();
  for (const [index, type] of types.entries()) {
    const text = texts[index] ?? null;
    if (text === null) packer.null();
    else {
      const bytes = Buffer.from(text);
      compileKeyPacker(type)(packer, bytes, 0, bytes.length);
    }
  }
  return packer.copy();
}

/** `count` parts of about `partRows` rows, by the pages that they may lie on. */
export function pageParts(
  table: ChunkTable,
  scanned: Buffer | undefined,
  size: TableSize,
  partRows: number,
  count: number,
): ChunkParts {
  const parts: ChunkPart[] = [];
  let from = scanned;
  for (;;) {
    const { low, high, isLast } = nextPages(from, size, partRows);
    const end = Buffer.from(high);
    parts.push({ query: pagesChunkQuery(table, low, high), end });
    if (isLast || parts.length === count) return { parts, isComplete: isLast };
    from = end;
  }
}
