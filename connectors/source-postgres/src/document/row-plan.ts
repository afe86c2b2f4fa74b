// How the changes of one table's rows become JSON documents, compiled once per layout of its columns: properties in byte
// order of their names with their quoted names ready, one writer per column, and `_meta` in its sorted place. The wire bytes
// of a value go straight into the document.

import { escapeMask, firstInMask, type JsonBuffer, Literal } from '@weir/json-bytes';
import { tupleKind, type TupleView } from '@weir/pgwire';
import { TEXT_SLACK_BYTES, type TypeCatalog } from '@weir/postgres';
import { RowKey } from './row-key.ts';
import { columnOf, compileProperties, type Property, type RowTable } from './row-table.ts';
import type { ChangeLsn, TransactionMeta } from './transaction-meta.ts';

export type Operation = 'c' | 'u' | 'd';

const [OPEN_BRACE, CLOSE_BRACE, COMMA, QUOTE] = [0x7b, 0x7d, 0x2c, 0x22];
const NULL_WORD = Buffer.from('null').readInt32LE();
/** A comma, two quotes or null, what a text grows by, and the rest of a last word. */
const FIELD_SLACK_BYTES = 4 + TEXT_SLACK_BYTES + 8;
const NULL = new Literal('null');
const BEFORE = new Literal(',"before":');
const OPERATIONS = {
  c: new Literal('"_meta":{"op":"c"'),
  u: new Literal('"_meta":{"op":"u"'),
  d: new Literal('"_meta":{"op":"d"'),
} as const;

export class RowPlan {
  readonly #table: RowTable;
  /** Properties whose names sort before `_meta`, and after. */
  readonly #before: readonly Property[];
  readonly #after: readonly Property[];
  readonly key: RowKey;
  /** Positions of the columns that are the collection's key. */
  readonly collectionKey: readonly number[];
  readonly #names: string;
  readonly #tail: string;
  #head: Literal = NULL;
  #headSequence = -1;
  #foot: Literal = NULL;

  /** The catalog must know the types of all columns. Throws PG_KEY_COLUMN_MISSING. */
  constructor(table: RowTable, catalog: TypeCatalog) {
    this.#table = table;
    const { before, after } = compileProperties(table, catalog);
    this.#before = before;
    this.#after = after;
    this.key = new RowKey(table, catalog);
    this.collectionKey = table.collectionKey.map((name) => columnOf(table, name));
    const [schema, name] = [JSON.stringify(table.schema), JSON.stringify(table.table)];
    this.#names = `"schema":${schema},"table":${name},"loc":[`;
    this.#tail = table.sourceTag === undefined ? '' : `,"tag":${JSON.stringify(table.sourceTag)}`;
  }

  /**
   * Appends the document of a change. `keyOnly`: the tuple is a replica identity, whose nulls are absent values.
   * `old`: the row before the change, for `_meta.before` and for values the change did not touch.
   */
  writeChange(
    out: JsonBuffer,
    operation: Operation,
    transaction: TransactionMeta,
    lsn: ChangeLsn,
    bytes: Buffer,
    tuple: TupleView,
    keyOnly: boolean,
    old: TupleView | undefined,
    oldKeyOnly: boolean,
    withBefore: boolean,
  ): void {
    out.readFrom(bytes);
    const start = out.length;
    out.byte(OPEN_BRACE);
    this.#writeProperties(out, this.#before, bytes, tuple, old, keyOnly, true);
    if (out.length > start + 1) out.byte(COMMA);
    if (this.#headSequence !== transaction.sequence) this.#buildHead(transaction);
    out.literal(OPERATIONS[operation]);
    out.literal(this.#head);
    if (typeof lsn === 'number') out.integer(lsn);
    else out.ascii(lsn.toString());
    out.literal(this.#foot);
    if (withBefore && old !== undefined) {
      out.literal(BEFORE);
      this.#writeRow(out, bytes, old, oldKeyOnly);
    }
    out.byte(CLOSE_BRACE);
    this.#writeProperties(out, this.#after, bytes, tuple, old, keyOnly, false);
    out.byte(CLOSE_BRACE);
  }

  /** Once per transaction and table: everything of `_meta.source` but the event's own position. */
  #buildHead(transaction: TransactionMeta): void {
    this.#headSequence = transaction.sequence;
    const { commitTimeMs, previousEndLsn, finalLsn, xid } = transaction;
    this.#head = new Literal(`,"source":{"ts_ms":${commitTimeMs},${this.#names}${previousEndLsn},`);
    const txid = this.#table.wantsTransactionId ? `,"txid":${xid}` : '';
    this.#foot = new Literal(`,${finalLsn}]${txid}${this.#tail}}`);
  }

  #writeRow(out: JsonBuffer, bytes: Buffer, tuple: TupleView, keyOnly: boolean): void {
    const start = out.length;
    out.byte(OPEN_BRACE);
    this.#writeProperties(out, this.#before, bytes, tuple, undefined, keyOnly, true);
    this.#writeProperties(out, this.#after, bytes, tuple, undefined, keyOnly, out.length === start + 1);
    out.byte(CLOSE_BRACE);
  }

  /**
   * The hot loop. The usual values are copied here, since a call for each costs more than its bytes do; what is unusual goes
   * to the value's writer, which gives the same bytes.
   */
  #writeProperties(
    out: JsonBuffer,
    properties: readonly Property[],
    bytes: Buffer,
    tuple: TupleView,
    old: TupleView | undefined,
    keyOnly: boolean,
    isFirst: boolean,
  ): void {
    const source = out.readFrom(bytes);
    // A word that starts before this may reach past the end of the value, but not of the buffer.
    const wordsEnd = bytes.length - 3;
    let first = isFirst;
    let at = out.length;
    let { words } = out;
    for (const { prefix, column, copy, write } of properties) {
      let from = tuple;
      let kind = column < tuple.count ? tuple.kinds[column] : tupleKind.unchanged;
      if (kind === tupleKind.unchanged) {
        // A large value the change did not touch: the old row has it if the server sent one.
        if (old === undefined || column >= old.count) continue;
        from = old;
        kind = old.kinds[column];
        if (kind !== tupleKind.text) continue;
      }
      if (kind === tupleKind.null && keyOnly) continue;
      const start = from.starts[column] ?? 0;
      const end = from.ends[column] ?? 0;
      out.length = at;
      out.reserve(prefix.byteLength + (end - start) + FIELD_SLACK_BYTES);
      words = out.words;
      if (first) first = false;
      else words.setInt8(at++, COMMA);
      prefix.writeTo(words, at);
      at += prefix.byteLength;
      if (kind !== tupleKind.text) {
        words.setInt32(at, NULL_WORD, true);
        at += 4;
        continue;
      }
      if (copy !== undefined && end <= wordsEnd && end - start <= copy.mostBytes) {
        let target = at;
        if (copy.isQuoted) words.setInt8(target++, QUOTE);
        const textStart = target;
        let index = start;
        for (; index < end; index += 4, target += 4) {
          const word = source.getInt32(index, true);
          words.setInt32(target, word, true);
          const mask = escapeMask(word);
          if (mask !== 0 && index + firstInMask(mask) < end) break;
        }
        if (index >= end) {
          target = textStart + (end - start);
          if (copy.change !== undefined) target = copy.change(out.bytes, textStart, target);
          if (target >= 0) {
            if (copy.isQuoted) words.setInt8(target++, QUOTE);
            at = target;
            continue;
          }
        }
      }
      out.length = at;
      write(out, bytes, start, end);
      at = out.length;
    }
    out.length = at;
  }

  /** Whether the collection's key differs between the two rows, as far as both have it. */
  keyChanged(bytes: Buffer, old: TupleView, tuple: TupleView): boolean {
    for (const column of this.collectionKey) {
      if (tuple.kinds[column] !== tupleKind.text || old.kinds[column] !== tupleKind.text) continue;
      const [start, end] = [old.starts[column] ?? 0, old.ends[column] ?? 0];
      const [newStart, newEnd] = [tuple.starts[column] ?? 0, tuple.ends[column] ?? 0];
      if (bytes.compare(bytes, newStart, newEnd, start, end) !== 0) return true;
    }
    return false;
  }
}
