// A Store of the protobuf codec, read without taking it apart: where its key, its values and its document lie in the
// chunk that it came in. Three buffers a row took as long as everything else about reading it.

import type { StoreRequest } from './materialize.ts';

export class StoreFrame implements StoreRequest {
  readonly kind = 'store';
  readonly binding: number;
  readonly exists: boolean;
  readonly delete: boolean;
  /** Holds all three; not to be written to. */
  readonly bytes: Buffer;
  readonly keyStart: number;
  readonly keyEnd: number;
  readonly valuesStart: number;
  readonly valuesEnd: number;
  readonly docStart: number;
  readonly docEnd: number;

  constructor(bytes: Buffer, fields: StoreFields) {
    this.binding = fields.binding;
    this.exists = fields.exists;
    this.delete = fields.delete;
    this.bytes = bytes;
    this.keyStart = fields.keyStart;
    this.keyEnd = fields.keyEnd;
    this.valuesStart = fields.valuesStart;
    this.valuesEnd = fields.valuesEnd;
    this.docStart = fields.docStart;
    this.docEnd = fields.docEnd;
  }

  /** Any Store; one that is not a frame is copied into one. */
  static of(request: StoreRequest): StoreFrame {
    if (request instanceof StoreFrame) return request;
    const { binding, keyPacked, valuesPacked, doc, exists } = request;
    const fields = new StoreFields();
    fields.binding = binding;
    fields.exists = exists;
    fields.delete = request.delete;
    fields.keyEnd = keyPacked.length;
    fields.valuesStart = fields.keyEnd;
    fields.valuesEnd = fields.valuesStart + valuesPacked.length;
    fields.docStart = fields.valuesEnd;
    fields.docEnd = fields.docStart + doc.length;
    return new StoreFrame(Buffer.concat([keyPacked, valuesPacked, doc]), fields);
  }

  /** A view that is made now, as the two below. */
  get keyPacked(): Buffer {
    return this.bytes.subarray(this.keyStart, this.keyEnd);
  }

  get valuesPacked(): Buffer {
    return this.bytes.subarray(this.valuesStart, this.valuesEnd);
  }

  get doc(): Buffer {
    return this.bytes.subarray(this.docStart, this.docEnd);
  }
}

/** What a reader fills in; one serves for all. */
export class StoreFields {
  binding = 0;
  exists = false;
  delete = false;
  keyStart = 0;
  keyEnd = 0;
  valuesStart = 0;
  valuesEnd = 0;
  docStart = 0;
  docEnd = 0;

  reset(): void {
    this.binding = 0;
    this.exists = false;
    this.delete = false;
    this.keyStart = 0;
    this.keyEnd = 0;
    this.valuesStart = 0;
    this.valuesEnd = 0;
    this.docStart = 0;
    this.docEnd = 0;
  }
}

const shared = new StoreFields();

/** Where the varint that was read last ends. */
let next = 0;

/** A varint of up to four bytes; -1 for a longer one, or one that is cut short. */
function varint(bytes: Buffer, at: number, end: number): number {
  let value = 0;
  for (let index = 0; index < 4 && at + index < end; index++) {
    const byte = bytes[at + index] as number;
    value |= (byte & 0x7f) << (7 * index);
    if (byte < 0x80) {
      next = at + index + 1;
      return value;
    }
  }
  return -1;
}

/**
 * The Store in `bytes[start, end)`, a whole frame without its length. undefined for anything but the member's tag (#7),
 * its length, and fields that `writeProtoStore` writes: such a frame is for the reader that knows every case.
 */
export function readStoreFrame(bytes: Buffer, start: number, end: number): StoreFrame | undefined {
  if (bytes[start] !== 0x3a) return undefined;
  const bodyBytes = varint(bytes, start + 1, end);
  if (bodyBytes < 0 || next + bodyBytes !== end) return undefined;
  const fields = shared;
  fields.reset();
  for (let at = next; at < end;) {
    const tag = bytes[at] as number;
    const value = varint(bytes, at + 1, end);
    if (value < 0) return undefined;
    at = next;
    if (tag === 0x1a) {
      fields.keyStart = at;
      fields.keyEnd = at += value;
    } else if (tag === 0x2a) {
      fields.valuesStart = at;
      fields.valuesEnd = at += value;
    } else if (tag === 0x32) {
      fields.docStart = at;
      fields.docEnd = at += value;
    } else if (tag === 0x08) {
      fields.binding = value;
    } else if (tag === 0x38) {
      fields.exists = value !== 0;
    } else if (tag === 0x40) {
      fields.delete = value !== 0;
    } else {
      return undefined;
    }
    if (at > end) return undefined;
  }
  return new StoreFrame(bytes, fields);
}
