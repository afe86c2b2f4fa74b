// Finds the rows of a CSV body while its bytes arrive, and writes each as a JSON object of texts. RFC 4180 with the
// separators that exports use. A row of another width than the header is refused: a shifted column is worse than none.

import { TextDecoder } from 'node:util';
import { JsonBuffer } from '@weir/json-bytes';
import { errors } from '../errors.ts';
import { RecordBuffer } from './record-buffer.ts';

export interface CsvOptions {
  /** One character; a comma. */
  readonly separator?: string;
  /** utf-8, with or without its mark. */
  readonly encoding?: 'utf-8' | 'utf-16le' | 'utf-16be' | 'latin1';
  /** Names of the columns; the first row when absent. */
  readonly columns?: readonly string[];
  /** Texts that stand for null, when they were not quoted. None: an empty field is an empty text. */
  readonly nulls?: readonly string[];
}

const QUOTE = 0x22;
const CR = 0x0d;
const LF = 0x0a;
const ROW_BYTES = 64 << 20;

export class CsvRecordReader {
  readonly #separator: number;
  readonly #decoder: TextDecoder | undefined;
  readonly #nulls: ReadonlySet<string>;
  readonly records = new RecordBuffer();
  /** `"name":` for each column. */
  #names: readonly Buffer[] | undefined;
  readonly #header: string[] = [];
  readonly #field = new JsonBuffer(1 << 10);
  #column = 0;
  #row = 1;
  #wasQuoted = false;
  #isQuoted = false;
  /** A quote within a quoted field: it ends the field, or the next byte doubles it. */
  #sawQuote = false;
  #sawReturn = false;
  #atStart = true;

  constructor({ separator = ',', encoding = 'utf-8', columns, nulls = [] }: CsvOptions = {}) {
    this.#separator = separator.charCodeAt(0);
    this.#decoder = encoding === 'utf-8' ? undefined : new TextDecoder(encoding);
    this.#nulls = new Set(nulls);
    if (columns !== undefined) this.#names = columns.map(nameOf);
  }

  push(chunk: Uint8Array): void {
    this.#push(
      this.#decoder === undefined ? chunk : Buffer.from(this.#decoder.decode(chunk, { stream: true })),
    );
  }

  end(): null {
    if (this.#decoder !== undefined) this.#push(Buffer.from(this.#decoder.decode()));
    if (this.#isQuoted && !this.#sawQuote) {
      throw errors.CDK_BODY_INVALID({ message: `A CSV body ends within the quotes of row ${this.#row}.` });
    }
    if (this.#field.length > 0 || this.#column > 0 || this.#wasQuoted) this.#endRow();
    return null;
  }

  #push(chunk: Uint8Array): void {
    let at = this.#atStart ? this.#skipMark(chunk) : 0;
    for (; at < chunk.length; at += 1) {
      const byte = chunk[at] ?? 0;
      if (this.#isQuoted) {
        if (this.#sawQuote) {
          this.#sawQuote = false;
          if (byte === QUOTE) {
            this.#field.byte(QUOTE);
            continue;
          }
          this.#isQuoted = false;
        } else {
          if (byte === QUOTE) this.#sawQuote = true;
          else this.#field.byte(byte);
          continue;
        }
      }
      const afterReturn = this.#sawReturn;
      this.#sawReturn = byte === CR;
      if (byte === LF && afterReturn) continue;
      if (byte === this.#separator) this.#endField();
      else if (byte === LF || byte === CR) this.#endRow();
      else if (byte === QUOTE && this.#field.length === 0 && !this.#wasQuoted) {
        this.#isQuoted = true;
        this.#wasQuoted = true;
      } else this.#field.byte(byte);
    }
    if (this.#field.length > ROW_BYTES) {
      throw errors.CDK_BODY_TOO_LARGE({
        message: `A field of row ${this.#row} has more than ${ROW_BYTES} bytes.`,
      });
    }
  }

  #skipMark(chunk: Uint8Array): number {
    if (chunk.length === 0) return 0;
    this.#atStart = false;
    return chunk[0] === 0xef && chunk[1] === 0xbb && chunk[2] === 0xbf ? 3 : 0;
  }

  #endField(): void {
    const names = this.#names;
    if (names === undefined) this.#header.push(this.#field.view().toString('utf8'));
    else {
      const name = names[this.#column];
      if (name === undefined) throw this.#width(this.#column + 1);
      this.records.json.byte(this.#column === 0 ? 0x7b : 0x2c);
      this.records.json.raw(name);
      const isNull =
        !this.#wasQuoted && this.#nulls.size > 0 && this.#nulls.has(this.#field.view().toString('utf8'));
      if (isNull) this.records.json.ascii('null');
      else this.records.json.string(this.#field.bytes, 0, this.#field.length);
    }
    this.#column += 1;
    this.#field.reset();
    this.#wasQuoted = false;
  }

  #endRow(): void {
    // An empty line is none.
    if (this.#column === 0 && this.#field.length === 0 && !this.#wasQuoted) return;
    this.#endField();
    if (this.#names === undefined) this.#names = this.#header.map(nameOf);
    else {
      if (this.#column !== this.#names.length) throw this.#width(this.#column);
      this.records.json.byte(0x7d);
      this.records.ended();
    }
    this.#column = 0;
    this.#row += 1;
  }

  #width(found: number): Error {
    return errors.CDK_BODY_INVALID({
      message: `Row ${this.#row} of a CSV body has ${found} fields or more, where the header has ${this.#names?.length ?? 0}.`,
    });
  }
}

function nameOf(column: string): Buffer {
  return Buffer.from(`${JSON.stringify(column)}:`);
}
