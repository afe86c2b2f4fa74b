// Puts `_meta` in front of documents, and holds them to their binding: each is a JSON object that has its key. The
// rest of a document stays as it came, byte for byte. One that has a `_meta` of its own keeps its members beside ours.

import type { JsonBuffer } from '@weir/json-bytes';
import {
  anyValue,
  DocumentScanner,
  parsePointer,
  type Pointer,
  resolvePointer,
  SlotKind,
} from '@weir/schema';
import {
  excerptText,
  getProperty,
  isJsonObject,
  parseJson,
  stringifyJson,
  type JsonObject,
  type JsonValue,
} from '@weir/schema/json';
import type { Operation } from '../engine/stream.ts';
import { errors } from '../errors.ts';

/** The number of a row that is not part of a snapshot. */
export const NO_ROW = -1;

const COMMA = 0x2c;
const OPEN_BRACE = 0x7b;
const CLOSE_BRACE = 0x7d;

export class DocumentWriter {
  readonly #name: string;
  readonly #key: readonly Pointer[];
  readonly #scanner: DocumentScanner | undefined;

  /** `key`: pointers; those into `_meta` are the engine's own. */
  constructor(name: string, key: readonly string[]) {
    this.#name = name;
    this.#key = key.map(parsePointer).filter(([first]) => first !== '_meta');
    this.#scanner = DocumentScanner.of(anyValue, [['_meta'], ...this.#key]);
  }

  /** The document from `start` to `end`. `meta`: more members of `_meta`, as text that begins with a comma, or ''. */
  write(
    out: JsonBuffer,
    bytes: Buffer,
    start: number,
    end: number,
    op: Operation,
    row: number,
    meta: string,
  ): void {
    if (!this.#isPlain(bytes, start, end)) {
      this.#writeParsed(out, bytes.subarray(start, end), op, row, meta);
      return;
    }
    writeMeta(out, op, row, meta);
    // Behind the brace; an empty object has no comma to come.
    if (end - start > 2) out.byte(COMMA);
    out.raw(bytes, start + 1, end);
  }

  /** Whether it is an object that can be taken as it is. Throws when a part of its key is missing. */
  #isPlain(bytes: Buffer, start: number, end: number): boolean {
    const scanner = this.#scanner;
    if (scanner === undefined || !scanner.scan(bytes, start, end) || bytes[end - 1] !== CLOSE_BRACE)
      return false;
    for (let slot = 1; slot <= this.#key.length; slot += 1) {
      if (scanner.slotKind(slot) === SlotKind.missing)
        throw this.#missing(slot - 1, bytes.subarray(start, end));
    }
    return scanner.slotKind(0) === SlotKind.missing;
  }

  #writeParsed(out: JsonBuffer, document: Buffer, op: Operation, row: number, meta: string): void {
    if (meta === '' && this.#key.length === 0 && isMarked(document, op, row)) {
      out.raw(document);
      return;
    }
    const value = parseJson(document);
    if (!isJsonObject(value)) {
      throw errors.CDK_STREAM_DEFECT({
        message: `A document of ${JSON.stringify(this.#name)} is no object: ${excerptText(document.toString('utf8', 0, 80), 80)}.`,
      });
    }
    for (const [index, pointer] of this.#key.entries()) {
      if (resolvePointer(value, pointer) === undefined) throw this.#missing(index, document);
    }
    const own = getProperty(value, '_meta');
    if (own === undefined && document[0] === OPEN_BRACE && document.at(-1) === CLOSE_BRACE) {
      // Valid, but with something that the scanner leaves to the parser, for instance an integer beyond 2^53.
      writeMeta(out, op, row, meta);
      if (document.length > 2) out.byte(COMMA);
      out.raw(document, 1, document.length);
      return;
    }
    const { _meta: _own, ...rest } = value;
    const { op: _op, row_id: _row, ...kept } = isJsonObject(own) ? own : {};
    writeMeta(out, op, row, `${members(kept)}${meta}`);
    out.raw(Buffer.from(`${members(rest)}}`));
  }

  #missing(index: number, document: Buffer): Error {
    const pointer = `/${(this.#key[index] ?? []).join('/')}`;
    return errors.CDK_STREAM_DEFECT({
      message: `A document of ${JSON.stringify(this.#name)} lacks ${pointer} of its key: ${excerptText(document.toString('utf8', 0, 120), 120)}.`,
    });
  }
}

/** Whether it begins with what would be put in front of it, as a webhook's document does. */
function isMarked(document: Buffer, op: Operation, row: number): boolean {
  return document.toString('latin1', 0, 64).startsWith(`{"_meta":{"op":"${op}","row_id":${row},`);
}

function writeMeta(out: JsonBuffer, op: Operation, row: number, meta: string): void {
  out.ascii(`{"_meta":{"op":"${op}","row_id":${row}`);
  if (meta !== '') out.raw(Buffer.from(meta));
  out.byte(CLOSE_BRACE);
}

/** The members of an object as JSON, each behind a comma. */
export function members(object: JsonObject): string {
  const text = stringifyJson(object);
  return text === '{}' ? '' : `,${text.slice(1, -1)}`;
}

/** A document that holds nothing but its key. */
export function keyDocument(key: readonly string[], values: readonly JsonValue[]): JsonObject {
  const document: JsonObject = {};
  const pointers = key.map(parsePointer);
  if (values.length !== pointers.length) {
    throw new TypeError(`${values.length} values for a key of ${pointers.length}`);
  }
  for (const [index, pointer] of pointers.entries()) {
    let at = document;
    for (const token of pointer.slice(0, -1)) {
      const inner = getProperty(at, token);
      const next: JsonObject = isJsonObject(inner) ? inner : {};
      at[token] = next;
      at = next;
    }
    at[pointer.at(-1) ?? ''] = values[index] ?? null;
  }
  return document;
}
