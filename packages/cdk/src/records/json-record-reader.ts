// Finds the records of a JSON body while its bytes arrive, without making values of them. A record is handed on as it
// was written; only the space between its tokens goes (and half a surrogate pair, which is no character). So numbers
// beyond 2^53 and decimals survive, and a body of any size passes through the memory of one record.
//
// What lies around the records is the envelope: it is kept, with `[]` in the place of the records, and parsed at the end.
// Whoever uses the reader has to take the envelope: the body of an error has no records, and would look like an empty page.

import { compactJson, JsonBuffer } from '@weir/json-bytes';
import { excerptText, isJsonObject, parseJson, type JsonValue } from '@weir/schema/json';
import { errors } from '../errors.ts';
import { RecordBuffer } from './record-buffer.ts';

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const COMMA = 0x2c;
const COLON = 0x3a;
const OPEN_BRACE = 0x7b;
const CLOSE_BRACE = 0x7d;
const OPEN_BRACKET = 0x5b;
const CLOSE_BRACKET = 0x5d;
const LETTER_N = 0x6e;

const RECORD_BYTES = 64 << 20;
const ENVELOPE_BYTES = 16 << 20;

/** Where the records are: names of members from the root, `*` for every item of a list. */
export type RecordPath = readonly string[];

interface Container {
  readonly isArray: boolean;
  /** How many names of the path lead here; -1: it is beside the path. */
  readonly matched: number;
}

export class JsonRecordReader {
  readonly #path: RecordPath;
  readonly #isSequence: boolean;
  readonly #envelope = new JsonBuffer(1 << 10);
  readonly #stack: Container[] = [];
  readonly records = new RecordBuffer();
  /** The beginning of a record that came with earlier chunks. */
  readonly #partial = new JsonBuffer(1 << 12);

  #isInList: boolean;
  #wasFound = false;
  // Within a record.
  #depth = 0;
  #isInRecord = false;
  #needsCompacting = false;
  // Within a string, of a record or of the envelope.
  #isInString = false;
  #isEscaped = false;
  // Within the envelope.
  #expectsKey = false;
  #keyStart = -1;
  #key = '';

  private constructor(path: RecordPath, isSequence: boolean) {
    this.#path = path;
    this.#isSequence = isSequence;
    this.#isInList = isSequence;
  }

  /** Of one JSON value; the path leads to the list of records. */
  static at(path: RecordPath): JsonRecordReader {
    return new JsonRecordReader(path, false);
  }

  /** Of one value after another: JSON lines. */
  static sequence(): JsonRecordReader {
    return new JsonRecordReader([], true);
  }

  push(chunk: Uint8Array): void {
    let at = 0;
    while (at < chunk.length) {
      if (this.#isInRecord) at = this.#inRecord(chunk, at);
      else if (this.#isInList) at = this.#betweenRecords(chunk, at);
      else at = this.#inEnvelope(chunk, at);
    }
  }

  /** What was around the records; null for a sequence. Throws when the body was cut off or has no list of records. */
  end(): JsonValue {
    if (this.#isSequence) {
      // The last value of a sequence may be a bare one that nothing ends.
      if (this.#isInRecord) throw truncated('in the middle of a record');
      return null;
    }
    if (this.#isInRecord || this.#isInList || this.#stack.length > 0) throw truncated('before its end');
    const envelope = parsedEnvelope(this.#envelope.view());
    if (!this.#wasFound) {
      throw errors.CDK_RECORDS_MISSING({
        message: `The answer has no list of records at /${this.#path.join('/')}; it holds ${described(envelope)}.`,
      });
    }
    return envelope;
  }

  /** Up to the next record or the end of the list. */
  #betweenRecords(chunk: Uint8Array, start: number): number {
    let at = start;
    for (; at < chunk.length; at += 1) {
      const byte = chunk[at] ?? 0;
      if (byte <= 0x20 || byte === COMMA) continue;
      if (byte === CLOSE_BRACKET && !this.#isSequence) {
        this.#isInList = false;
        this.#envelope.byte(CLOSE_BRACKET);
        return at + 1;
      }
      this.#isInRecord = true;
      this.#depth = 0;
      this.#needsCompacting = false;
      return at;
    }
    return at;
  }

  #inRecord(chunk: Uint8Array, start: number): number {
    let at = start;
    let depth = this.#depth;
    while (at < chunk.length) {
      if (this.#isInString) {
        at = this.#inString(chunk, at);
        continue;
      }
      const byte = chunk[at] ?? 0;
      if (byte === QUOTE) this.#isInString = true;
      else if (byte <= 0x20) {
        if (depth === 0) return this.#endRecord(chunk, start, at);
        this.#needsCompacting = true;
      } else if (byte === OPEN_BRACE || byte === OPEN_BRACKET) depth += 1;
      else if (byte === CLOSE_BRACE || byte === CLOSE_BRACKET) {
        // A bare value is ended by what comes after it.
        if (depth === 0) return this.#endRecord(chunk, start, at);
        depth -= 1;
        if (depth === 0) return this.#endRecord(chunk, start, at + 1);
      } else if (byte === COMMA && depth === 0) return this.#endRecord(chunk, start, at);
      at += 1;
    }
    this.#depth = depth;
    this.#partial.raw(chunk, start, at);
    if (this.#partial.length > RECORD_BYTES) {
      throw errors.CDK_BODY_TOO_LARGE({ message: `A record has more than ${RECORD_BYTES} bytes.` });
    }
    return at;
  }

  /** Through the rest of a string, and its closing quote. */
  #inString(chunk: Uint8Array, start: number): number {
    let at = start;
    if (this.#isEscaped && at < chunk.length) {
      this.#isEscaped = false;
      at += 1;
    }
    for (; at < chunk.length; at += 1) {
      const byte = chunk[at];
      if (byte === QUOTE) {
        this.#isInString = false;
        return at + 1;
      }
      if (byte !== BACKSLASH) continue;
      this.#needsCompacting = true;
      at += 1;
      if (at < chunk.length) continue;
      this.#isEscaped = true;
      return at;
    }
    return at;
  }

  #endRecord(chunk: Uint8Array, start: number, end: number): number {
    this.#isInRecord = false;
    this.#depth = 0;
    let [source, from, to] = [chunk, start, end];
    if (this.#partial.length > 0) {
      this.#partial.raw(chunk, start, end);
      [source, from, to] = [this.#partial.bytes, 0, this.#partial.length];
    }
    if (this.#needsCompacting) compactJson(this.records.json, source, from, to);
    else this.records.json.raw(source, from, to);
    this.#partial.reset();
    this.records.ended();
    return end;
  }

  #inEnvelope(chunk: Uint8Array, start: number): number {
    let at = start;
    const copied = (): number => {
      this.#envelope.raw(chunk, start, at);
      if (this.#envelope.length > ENVELOPE_BYTES) {
        throw errors.CDK_BODY_TOO_LARGE({
          message: `What is around the records of an answer has more than ${ENVELOPE_BYTES} bytes.`,
        });
      }
      return at;
    };
    while (at < chunk.length) {
      if (this.#isInString) {
        at = this.#inString(chunk, at);
        if (!this.#isInString && this.#keyStart !== -1) {
          copied();
          this.#endKey();
          return at;
        }
        continue;
      }
      const byte = chunk[at] ?? 0;
      if (byte === QUOTE) {
        this.#isInString = true;
        if (this.#expectsKey) this.#keyStart = this.#envelope.length + (at - start);
      } else if (byte === COMMA) this.#expectsKey = this.#stack.at(-1)?.isArray === false;
      else if (byte === COLON) this.#expectsKey = false;
      else if (byte === OPEN_BRACE) {
        this.#stack.push({ isArray: false, matched: this.#matched() });
        this.#expectsKey = true;
      } else if (byte === OPEN_BRACKET) {
        const matched = this.#matched();
        if (matched === this.#path.length) {
          at += 1;
          this.#isInList = true;
          this.#wasFound = true;
          return copied();
        }
        this.#stack.push({ isArray: true, matched });
        this.#expectsKey = false;
      } else if (byte === CLOSE_BRACE || byte === CLOSE_BRACKET) {
        this.#stack.pop();
        this.#expectsKey = false;
      } else if (byte === LETTER_N && this.#matched() === this.#path.length) {
        // `null` in the place of the list: there are no records.
        this.#wasFound = true;
      }
      at += 1;
    }
    return copied();
  }

  #endKey(): void {
    const text = this.#envelope.bytes.toString('utf8', this.#keyStart, this.#envelope.length);
    this.#keyStart = -1;
    this.#expectsKey = false;
    const key: unknown = JSON.parse(text);
    this.#key = String(key);
  }

  /** How far along the path a value is that begins here. */
  #matched(): number {
    const parent = this.#stack.at(-1);
    if (parent === undefined) return 0;
    if (parent.matched === -1) return -1;
    const wanted = this.#path[parent.matched];
    if (wanted === undefined) return -1;
    return (parent.isArray ? wanted === '*' : wanted === this.#key) ? parent.matched + 1 : -1;
  }
}

function parsedEnvelope(bytes: Buffer): JsonValue {
  try {
    return parseJson(Buffer.from(bytes));
  } catch (cause) {
    const said = excerptText(bytes.toString('utf8', 0, 200), 200);
    throw errors.CDK_BODY_INVALID({ message: `The body of an answer is not JSON: ${said}`, cause });
  }
}

function truncated(where: string): Error {
  return errors.CDK_BODY_INVALID({ message: `The body of an answer ends ${where}.` });
}

function described(envelope: JsonValue): string {
  if (!isJsonObject(envelope)) return 'no object';
  return Object.keys(envelope).slice(0, 20).join(', ') || 'nothing';
}
