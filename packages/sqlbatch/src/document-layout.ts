// Compiles the columns of a result into a writer of documents: names quoted and sorted by their bytes once, `_meta` in its
// place among them. Of two columns with one name the last is kept; a column named `_meta` gives way to the metadata.

import type { JsonBuffer } from '@weir/json-bytes';
import type { RowSource } from './rows.ts';

export interface DocumentMeta {
  /** RFC 3339, when the query was sent. */
  readonly polled: string;
  /** Position in the result of the poll. */
  readonly index: number;
  readonly rowId: number;
  /** Absent for collections that have keys of their own. */
  readonly op: 'c' | 'u' | 'd' | undefined;
}

export interface DocumentSource {
  readonly resource: string;
  readonly schema?: string | undefined;
  readonly table?: string | undefined;
  readonly tag?: string | undefined;
}

interface Part {
  /** `,"name":`, with `{` instead of the comma for the first. */
  readonly prefix: Buffer;
  /** -1 for `_meta`. */
  readonly column: number;
}

export class DocumentLayout {
  readonly #parts: readonly Part[];
  readonly #source: Buffer;

  /** `hidden`: columns that are not part of documents. */
  constructor(columns: readonly string[], source: DocumentSource, hidden: ReadonlySet<number> = new Set()) {
    const byName = new Map<string, number>();
    for (const [index, name] of columns.entries()) {
      if (!hidden.has(index)) byName.set(name, index);
    }
    byName.set('_meta', -1);
    const names = [...byName.keys()].map((name) => ({ name, bytes: Buffer.from(name) }));
    const sorted = names.toSorted((a, b) => Buffer.compare(a.bytes, b.bytes));
    this.#parts = sorted.map(({ name }, position) => ({
      prefix: Buffer.from(`${position === 0 ? '{' : ','}${JSON.stringify(name)}:`),
      column: byName.get(name) ?? -1,
    }));
    const { resource, schema, table, tag } = source;
    this.#source = Buffer.from(JSON.stringify({ resource, schema, table, tag }));
  }

  /** The selected row. */
  write(out: JsonBuffer, rows: Pick<RowSource, 'writeValue'>, meta: DocumentMeta): void {
    for (const { prefix, column } of this.#parts) {
      out.raw(prefix);
      if (column < 0) this.#writeMeta(out, meta);
      else rows.writeValue(out, column);
    }
    out.byte(0x7d);
  }

  /** A document of nothing but metadata. */
  writeMetaOnly(out: JsonBuffer, meta: DocumentMeta): void {
    out.ascii('{"_meta":');
    this.#writeMeta(out, meta);
    out.byte(0x7d);
  }

  #writeMeta(out: JsonBuffer, { polled, index, rowId, op }: DocumentMeta): void {
    out.ascii(`{"polled":"${polled}","index":${index},"row_id":${rowId},`);
    if (op !== undefined) out.ascii(`"op":"${op}",`);
    out.ascii('"source":');
    out.raw(this.#source);
    out.byte(0x7d);
  }
}
