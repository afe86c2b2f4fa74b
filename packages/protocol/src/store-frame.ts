// A Store of the protobuf codec, read without taking it apart: where its key, its values and its document lie in the
// chunk that it came in. Three buffers a row took as long as everything else about reading it.

import type { StoreRequest } from './materialize.ts';
import { shortVarint, shortVarintEnd } from './short-varint.ts';

const nothing: Buffer = Buffer.alloc(0);

export class StoreFrame implements StoreRequest {
  readonly kind = 'store';
  binding = 0;
  exists = false;
  delete = false;
  /** Holds all three; not to be written to. */
  bytes: Buffer = nothing;
  keyStart = 0;
  keyEnd = 0;
  valuesStart = 0;
  valuesEnd = 0;
  docStart = 0;
  docEnd = 0;

  /** Any Store; one that is not a frame is copied into one. */
  static of(request: StoreRequest): StoreFrame {
    if (request instanceof StoreFrame) return request;
    const { binding, keyPacked, valuesPacked, doc, exists } = request;
    const frame = new StoreFrame();
    frame.binding = binding;
    frame.exists = exists;
    frame.delete = request.delete;
    frame.bytes = Buffer.concat([keyPacked, valuesPacked, doc]);
    frame.keyEnd = keyPacked.length;
    frame.valuesStart = frame.keyEnd;
    frame.valuesEnd = frame.valuesStart + valuesPacked.length;
    frame.docStart = frame.valuesEnd;
    frame.docEnd = frame.docStart + doc.length;
    return frame;
  }

  /** A Store of these bytes, of which nothing is known yet. */
  reset(bytes: Buffer): void {
    this.binding = 0;
    this.exists = false;
    this.delete = false;
    this.bytes = bytes;
    this.keyStart = 0;
    this.keyEnd = 0;
    this.valuesStart = 0;
    this.valuesEnd = 0;
    this.docStart = 0;
    this.docEnd = 0;
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

/**
 * Fills in the Store in `bytes[start, end)`, a whole frame without its length. False for anything but the member's tag
 * (#7), its length, and fields that `writeProtoStore` writes: such a frame is for the reader that knows every case.
 */
export function readStoreFrame(fields: StoreFrame, bytes: Buffer, start: number, end: number): boolean {
  if (bytes[start] !== 0x3a) return false;
  const bodyBytes = shortVarint(bytes, start + 1, end);
  if (bodyBytes < 0 || shortVarintEnd + bodyBytes !== end) return false;
  fields.reset(bytes);
  for (let at = shortVarintEnd; at < end;) {
    const tag = bytes[at] as number;
    const value = shortVarint(bytes, at + 1, end);
    if (value < 0) return false;
    at = shortVarintEnd;
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
      return false;
    }
    if (at > end) return false;
  }
  return true;
}
