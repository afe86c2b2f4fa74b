// How the rows of one table become JSON documents, compiled once per layout of its columns: properties in byte order
// of their names with their quoted names ready, one writer per column, and `_meta` in its sorted place. The wire bytes
// of a value go straight into the document.

import { escapeMask, firstInMask, type JsonBuffer, Literal } from '@weir/json-bytes';
import { tupleKind, type TupleView } from '@weir/pgwire';
import { TuplePacker } from '@weir/protocol';
import { errors } from '../errors.ts';
import {
  compileKeyPacker,
  compileValueWriter,
  type Copies,
  copiesOf,
  type KeyPacker,
  type TypeCatalog,
  type ValueStyle,
  type ValueWriter,
} from '@weir/postgres';
import type { ChangeLsn, TransactionMeta } from './transaction-meta.ts';

export type Operation = 'c' | 'u' | 'd';

export interface RowPlanTable {
  readonly schema: string;
  readonly table: string;
  /** In the order of the tuples. */
  readonly columns: readonly { readonly name: string; readonly typeOid: number }[];
  /** Columns that documents leave out. */
  readonly omitted: ReadonlySet<string>;
  /** The columns of the packed key. */
  readonly keyColumns: readonly string[];
  /** The columns that are the collection's key. */
  readonly collectionKey: readonly string[];
  readonly wantsTransactionId: boolean;
  readonly sourceTag: string | undefined;
  readonly style: ValueStyle;
}

interface Property {
  /** `"name":` */
  readonly prefix: Literal;
  readonly column: number;
  /** What `write` comes to for most values: the bytes as they are, or between quotes if none has to be escaped. */
  readonly copies: Copies | undefined;
  readonly write: ValueWriter;
}

interface KeyPart {
  readonly column: number;
  readonly pack: KeyPacker;
}

const [OPEN_BRACE, CLOSE_BRACE, COMMA, QUOTE] = [0x7b, 0x7d, 0x2c, 0x22];
const NULL_WORD = Buffer.from('null').readInt32LE();
/** A comma and two quotes, with the rest of a last word. */
const SEPARATOR_BYTES = 8;
/** Longer texts may have to be cut, and their copies are no part of what a row costs. */
const LONGEST_INLINE_BYTES = 1 << 14;
const NULL = new Literal('null');
const BEFORE = new Literal(',"before":');
const OPERATIONS = {
  c: new Literal('"_meta":{"op":"c"'),
  u: new Literal('"_meta":{"op":"u"'),
  d: new Literal('"_meta":{"op":"d"'),
} as const;
const META = '_meta';

export class RowPlan {
  readonly #table: RowPlanTable;
  /** Properties whose names sort before `_meta`, and after. */
  readonly #before: readonly Property[];
  readonly #after: readonly Property[];
  readonly #key: readonly KeyPart[];
  /** Positions of the columns that are the collection's key. */
  readonly collectionKey: readonly number[];
  readonly #packer = new TuplePacker();
  readonly #names: string;
  readonly #tail: string;
  readonly #snapshotHead: Literal;
  readonly #snapshotTail: Literal;
  #head: Literal = NULL;
  #headSequence = -1;
  #foot: Literal = NULL;

  /** The catalog must know the types of all columns. Throws PG_KEY_COLUMN_MISSING. */
  constructor(table: RowPlanTable, catalog: TypeCatalog) {
    this.#table = table;
    const properties: Property[] = [];
    for (const [column, { name, typeOid }] of table.columns.entries()) {
      if (table.omitted.has(name) || name === META) continue;
      const isKey = table.collectionKey.includes(name);
      const write = compileValueWriter(catalog.get(typeOid), { isKey, style: table.style });
      properties.push({
        prefix: new Literal(`${JSON.stringify(name)}:`),
        column,
        copies: copiesOf(write),
        write,
      });
    }
    const names = table.columns.map(({ name }) => Buffer.from(name));
    const order = (property: Property) => names[property.column] ?? Buffer.alloc(0);
    properties.sort((a, b) => Buffer.compare(order(a), order(b)));
    const meta = Buffer.from(META);
    this.#before = properties.filter((property) => Buffer.compare(order(property), meta) < 0);
    this.#after = properties.filter((property) => Buffer.compare(order(property), meta) > 0);
    this.#key = table.keyColumns.map((name) => {
      const column = this.#columnOf(name);
      return { column, pack: compileKeyPacker(catalog.get(table.columns[column]?.typeOid ?? 0)) };
    });
    this.collectionKey = table.collectionKey.map((name) => this.#columnOf(name));
    const [schema, name] = [JSON.stringify(table.schema), JSON.stringify(table.table)];
    this.#names = `"schema":${schema},"table":${name},"loc":[`;
    this.#tail = table.sourceTag === undefined ? '' : `,"tag":${JSON.stringify(table.sourceTag)}`;
    this.#snapshotHead = new Literal(
      `"_meta":{"op":"c","source":{"schema":${schema},"snapshot":true,"table":${name},"loc":[-1,`,
    );
    this.#snapshotTail = new Literal(`,0]${this.#tail}}}`);
  }

  #columnOf(name: string): number {
    const column = this.#table.columns.findIndex((candidate) => candidate.name === name);
    if (column >= 0) return column;
    const { schema, table } = this.#table;
    throw errors.PG_KEY_COLUMN_MISSING({
      message: `the table ${schema}.${table} has no column ${JSON.stringify(name)}, which is in the key of its collection`,
    });
  }

  /** Appends the document of a row that a backfill read; `row` counts the rows of the table from 0. */
  writeSnapshot(out: JsonBuffer, bytes: Buffer, tuple: TupleView, row: number): void {
    out.readFrom(bytes);
    out.byte(OPEN_BRACE);
    this.#writeProperties(out, this.#before, bytes, tuple, undefined, false, true);
    if (this.#before.length > 0) out.byte(COMMA);
    out.literal(this.#snapshotHead);
    out.integer(row);
    out.literal(this.#snapshotTail);
    this.#writeProperties(out, this.#after, bytes, tuple, undefined, false, false);
    out.byte(CLOSE_BRACE);
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
   * The hot loop of both paths. Plain copies and clean strings are written here, since a call for each value costs more
   * than its bytes do; everything else goes to the value's writer, and gives the same bytes.
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
    for (const { prefix, column, copies, write } of properties) {
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
      out.reserve(prefix.byteLength + (end - start) + SEPARATOR_BYTES);
      words = out.words;
      if (first) first = false;
      else words.setInt8(at++, COMMA);
      for (let index = 0, target = at; index < prefix.words.length; index += 1, target += 4) {
        words.setInt32(target, prefix.words[index] ?? 0, true);
      }
      at += prefix.byteLength;
      if (kind !== tupleKind.text) {
        words.setInt32(at, NULL_WORD, true);
        at += 4;
        continue;
      }
      let index = start;
      if (end > wordsEnd) index = -1;
      else if (copies === 'plain') {
        for (let target = at; index < end; index += 4, target += 4) {
          words.setInt32(target, source.getInt32(index, true), true);
        }
        at += end - start;
      } else if (copies === 'string' && end - start <= LONGEST_INLINE_BYTES) {
        words.setInt8(at, QUOTE);
        for (let target = at + 1; index < end; index += 4, target += 4) {
          const word = source.getInt32(index, true);
          words.setInt32(target, word, true);
          const mask = escapeMask(word);
          if (mask !== 0 && index + firstInMask(mask) < end) break;
        }
        if (index >= end) {
          at += end - start + 2;
          words.setInt8(at - 1, QUOTE);
        } else index = -1;
      } else index = -1;
      if (index >= 0) continue;
      out.length = at;
      write(out, bytes, start, end);
      at = out.length;
    }
    out.length = at;
  }

  /** The packed key of a row; valid until the next call. `old` supplies values that the change did not touch. */
  packKey(bytes: Buffer, tuple: TupleView, old?: TupleView): Buffer {
    const packer = this.#packer.reset();
    this.appendKey(packer, bytes, tuple, old);
    return packer.view();
  }

  /** Adds the packed key of a row to what the packer holds. */
  appendKey(packer: TuplePacker, bytes: Buffer, tuple: TupleView, old?: TupleView): void {
    for (const { column, pack } of this.#key) {
      const from = tuple.kinds[column] === tupleKind.unchanged && old !== undefined ? old : tuple;
      if (from.kinds[column] === tupleKind.text) {
        pack(packer, bytes, from.starts[column] ?? 0, from.ends[column] ?? 0);
      } else packer.null();
    }
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
