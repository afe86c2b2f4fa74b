// What a ledger's journals must say, whatever was killed while they were written.

import assert from 'node:assert/strict';
import { committedDocuments } from './journal-file.ts';
import type { Pipeline } from './pipeline.ts';

interface LedgerDocument {
  readonly _meta: {
    readonly op: 'c' | 'u' | 'd';
    readonly uuid: string;
    readonly source: { readonly snapshot?: boolean; readonly loc: readonly number[] };
  };
  readonly [column: string]: unknown;
}

function documentsOf(pipeline: Pipeline, table: string): LedgerDocument[] {
  const texts = committedDocuments(pipeline.statePath, pipeline.collectionOf(table));
  return texts.map((text) => JSON.parse(quoteLargeKeys(text)) as LedgerDocument);
}

/** Integers that a double cannot hold become text, for comparing. */
function quoteLargeKeys(text: string): string {
  return text.replace(/:(\d{17,})(?=[,}])/g, ':"$1"');
}

/** Each position of the source is in the journal once, and so is each identity that was stamped. */
export function assertNothingDoubled(pipeline: Pipeline): void {
  for (const table of pipeline.tables) {
    const documents = documentsOf(pipeline, table);
    const uuids = new Set(documents.map(({ _meta }) => _meta.uuid));
    assert.equal(uuids.size, documents.length, `${table}: a document's uuid occurs twice`);
    const replicated = documents.filter(({ _meta }) => _meta.source.snapshot !== true);
    const seen = new Map<string, LedgerDocument>();
    for (const document of replicated) {
      const position = JSON.stringify([document._meta.source.loc, document._meta.op]);
      assert.equal(seen.get(position), undefined, `${table}: ${JSON.stringify(document)} is there twice`);
      seen.set(position, document);
    }
  }
}

/** Per key, changes are in the order of the source, and the number that the key carries only grows. */
export function assertOrderPerKey(pipeline: Pipeline, table: string, key: string, sequence: string): void {
  const last = new Map<unknown, { position: readonly number[]; sequence: number }>();
  for (const document of documentsOf(pipeline, table)) {
    const { source, op } = document._meta;
    // A chunk of a backfill may have seen changes of which the stream tells a moment later.
    if (source.snapshot === true) continue;
    const before = last.get(document[key]);
    const value = op === 'd' ? (before?.sequence ?? -1) : Number(document[sequence]);
    const which = `${table} ${String(document[key])}`;
    if (before !== undefined) {
      const { position } = before;
      const isLater = compare(source.loc, position) > 0;
      assert.ok(isLater, `${which}: ${JSON.stringify(source.loc)} follows ${JSON.stringify(position)}`);
      const grows = op === 'd' ? value >= before.sequence : value > before.sequence;
      assert.ok(grows, `${which}: ${value} follows ${before.sequence}`);
    }
    last.set(document[key], { position: source.loc, sequence: value });
  }
}

function compare(left: readonly number[], right: readonly number[]): number {
  for (const [index, value] of left.entries()) {
    const other = right[index] ?? 0;
    if (value !== other) return value - other;
  }
  return 0;
}

/**
 * Of a table that is only appended to, every row is in the journal as one creation: exactly once from `from` on (the
 * first number after its backfill), before that once by the stream, once by the backfill, or both. Returns how many
 * were checked exactly.
 */
export async function assertAppendsOnce(
  pipeline: Pipeline,
  table: string,
  column: string,
  from: number,
): Promise<number> {
  const rows = await pipeline.server.query(`SELECT ${column}::text AS id FROM ${table}`);
  const expected = new Set(rows.map(({ id }) => Number(id)));
  const counts = { snapshot: new Map<number, number>(), stream: new Map<number, number>() };
  for (const document of documentsOf(pipeline, table)) {
    const id = Number(document[column]);
    assert.equal(document._meta.op, 'c', `${table} ${id}`);
    assert.ok(expected.has(id), `${table}: ${id} is in the journal and not in the table`);
    const side = document._meta.source.snapshot === true ? counts.snapshot : counts.stream;
    side.set(id, (side.get(id) ?? 0) + 1);
  }
  let exact = 0;
  for (const id of expected) {
    const snapshot = counts.snapshot.get(id) ?? 0;
    const stream = counts.stream.get(id) ?? 0;
    const isExact = id < 0 || id >= from;
    if (isExact) exact += 1;
    const isRight = isExact ? snapshot + stream === 1 : snapshot <= 1 && stream <= 1 && snapshot + stream > 0;
    assert.ok(isRight, `${table}: ${id} was read ${snapshot} times, and replicated ${stream} times`);
  }
  return exact;
}
