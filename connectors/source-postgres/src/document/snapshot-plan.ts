// How the rows that a backfill reads become documents, compiled once for each chunk. A row comes as a line of COPY's text
// format (PostgreSQL manual: "COPY"), with its columns in the order in which documents have their properties: the query
// asks for that. So each value is found, copied and checked in one pass, four bytes at a time. What is unusual goes to the
// value's writer, which gives the same bytes.

import { escapeMask, firstInMask, type JsonBuffer, Literal } from '@weir/json-bytes';
import { copyFieldEnd, malformed, tupleKind, TupleView, unescapeCopyText } from '@weir/pgwire';
import { TEXT_SLACK_BYTES, type TypeCatalog } from '@weir/postgres';
import type { TuplePacker } from '@weir/protocol';
import { RowKey } from './row-key.ts';
import { compareNames, compileProperties, META, type Property, type RowTable } from './row-table.ts';

const [TAB, NEWLINE, QUOTE, CLOSE_BRACE] = [0x09, 0x0a, 0x22, 0x7d];
/** The first two bytes of a field that is NULL; a backslash of a text is written twice. */
const NULL_MARK = Buffer.from('\\N').readUInt16LE();
const NULL_WORD = Buffer.from('null').readInt32LE();
/** Of a word that is read at the last byte of a row. */
const ROOM_BEHIND_BYTES = 4;
/** Quotes, null, what a text grows by, and the rest of a last word. */
const FIELD_SLACK_BYTES = 2 + TEXT_SLACK_BYTES + 8;
/** Of a safe integer. */
const MOST_DIGITS = 16;

/** The columns that a query has to give `SnapshotPlan`, in this order. */
export function snapshotColumns<Column extends { readonly name: string }>(
  columns: readonly Column[],
): readonly Column[] {
  return columns.filter(({ name }) => name !== META).sort((a, b) => compareNames(a.name, b.name));
}

interface Field extends Property {
  /** With the comma, or what else stands in front. */
  readonly opening: Literal;
  readonly isKey: boolean;
}

export class SnapshotPlan {
  /** Those that a row has to have, in their order. */
  readonly columns: readonly string[];
  readonly #before: readonly Field[];
  readonly #after: readonly Field[];
  /** To the number of the row, and from there on. */
  readonly #metaHead: Literal;
  readonly #metaTail: Literal;
  readonly #key: RowKey;
  /** Where the columns of the key are in the last row, and in what. */
  readonly #keyTuple = new TupleView();
  #keyBytes: Buffer = Buffer.alloc(0);
  /** What a row takes besides its text, at most, when all values are copied. */
  readonly #fixedBytes: number;
  /** A row without columns is an empty line. */
  readonly #hasFields: boolean;
  #copy: Buffer = Buffer.alloc(0);

  /** `table.columns` must be those of `snapshotColumns`. Throws PG_KEY_COLUMN_MISSING. */
  constructor(table: RowTable, catalog: TypeCatalog) {
    const { before, after } = compileProperties(table, catalog);
    this.columns = table.columns.map(({ name }) => name);
    this.#key = new RowKey(table, catalog);
    const field = (property: Property, opening: string): Field => ({
      ...property,
      opening: new Literal(`${opening}${JSON.stringify(property.name)}:`),
      isKey: this.#key.has(property.column),
    });
    this.#before = before.map((property, index) => field(property, index === 0 ? '{' : ','));
    this.#after = after.map((property) => field(property, ','));
    const [schema, name] = [JSON.stringify(table.schema), JSON.stringify(table.table)];
    const tag = table.sourceTag === undefined ? '' : `,"tag":${JSON.stringify(table.sourceTag)}`;
    this.#metaHead = new Literal(
      `${before.length === 0 ? '{' : ','}"_meta":{"op":"c","source":{"schema":${schema},"snapshot":true,"table":${name},"loc":[-1,`,
    );
    this.#metaTail = new Literal(`,0]${tag}}}`);
    this.#hasFields = before.length + after.length > 0;
    const openings = [...this.#before, ...this.#after].map(({ opening }) => opening.byteLength);
    const meta = this.#metaHead.byteLength + MOST_DIGITS + this.#metaTail.byteLength;
    this.#fixedBytes = openings.reduce((sum, bytes) => sum + bytes + FIELD_SLACK_BYTES, meta + 1);
  }

  /** Appends the document of the row in `bytes[start, end)`; `row` counts the rows of the table from 0. Changes `bytes`. */
  writeRow(out: JsonBuffer, bytes: Buffer, start: number, end: number, row: number): void {
    if (end + ROOM_BEHIND_BYTES <= bytes.length) {
      this.#keyBytes = bytes;
      this.#writeDocument(out, bytes, start, end, row);
      return;
    }
    const length = end - start;
    if (this.#copy.length < length + ROOM_BEHIND_BYTES)
      this.#copy = Buffer.alloc(2 * length + ROOM_BEHIND_BYTES);
    bytes.copy(this.#copy, 0, start, end);
    this.#keyBytes = this.#copy;
    this.#writeDocument(out, this.#copy, 0, length, row);
  }

  #writeDocument(out: JsonBuffer, bytes: Buffer, start: number, end: number, row: number): void {
    out.reserve(this.#fixedBytes + (end - start));
    const metaAt = this.#writeFields(out, this.#before, bytes, start, end);
    out.literal(this.#metaHead);
    out.integer(row);
    out.literal(this.#metaTail);
    const rowEnd = this.#writeFields(out, this.#after, bytes, metaAt, end);
    if (rowEnd !== end && this.#hasFields) throw malformed('a row of too many columns');
    out.byte(CLOSE_BRACE);
  }

  /** Returns where the next field starts. */
  #writeFields(out: JsonBuffer, fields: readonly Field[], bytes: Buffer, start: number, end: number): number {
    const source = out.readFrom(bytes);
    let { words } = out;
    let at = out.length;
    let index = start;
    for (const field of fields) {
      if (index >= end) throw malformed('a row of too few columns');
      field.opening.writeTo(words, at);
      at += field.opening.byteLength;
      let word = source.getInt32(index, true);
      if ((word & 0xffff) === NULL_MARK) {
        words.setInt32(at, NULL_WORD, true);
        at += 4;
        if (field.isKey) this.#setKey(field.column, tupleKind.null, index, index);
        index += 3;
        continue;
      }
      const { copy } = field;
      const fieldStart = index;
      if (copy !== undefined) {
        let target = at;
        if (copy.isQuoted) words.setInt8(target++, QUOTE);
        const textStart = target;
        words.setInt32(target, word, true);
        let mask = escapeMask(word);
        while (mask === 0) {
          index += 4;
          target += 4;
          word = source.getInt32(index, true);
          words.setInt32(target, word, true);
          mask = escapeMask(word);
        }
        const tail = firstInMask(mask);
        index += tail;
        target += tail;
        const stop = bytes[index];
        if ((stop === TAB || stop === NEWLINE) && index - fieldStart <= copy.mostBytes) {
          if (copy.change !== undefined) target = copy.change(out.bytes, textStart, target);
          if (target >= 0) {
            if (copy.isQuoted) words.setInt8(target++, QUOTE);
            at = target;
            if (field.isKey) this.#setKey(field.column, tupleKind.text, fieldStart, index);
            index += 1;
            continue;
          }
        }
      }
      const stop = copyFieldEnd(bytes, index, end);
      const textEnd = unescapeCopyText(bytes, fieldStart, stop);
      if (field.isKey) this.#setKey(field.column, tupleKind.text, fieldStart, textEnd);
      out.length = at;
      field.write(out, bytes, fieldStart, textEnd);
      index = stop + 1;
      out.reserve(this.#fixedBytes + (end - index));
      words = out.words;
      at = out.length;
    }
    out.length = at;
    return index;
  }

  #setKey(column: number, kind: number, start: number, end: number): void {
    const tuple = this.#keyTuple;
    tuple.kinds[column] = kind;
    tuple.starts[column] = start;
    tuple.ends[column] = end;
  }

  /** Adds the packed key of the row written last to what the packer holds. */
  appendKey(packer: TuplePacker): void {
    this.#key.append(packer, this.#keyBytes, this.#keyTuple);
  }
}
