// Reads the output of a capture without decoding each document, so that a bench measures the connector and not its
// reader: every byte arrives here and every frame is stepped over, captured documents are counted, and everything else is decoded.

import { type CaptureResponse, createDecoder } from '@weir/protocol';

/** A little-endian uint32: the bytes that follow in the frame. */
const LENGTH_BYTES = 4;
/** The frame's first tag: field 6, length-delimited. */
const CAPTURED_TAG = 0x32;

export class CapturedCounter {
  count = 0;
  /** A frame whose end has not arrived. */
  #partial: Buffer = Buffer.alloc(0);
  /** Begins with the frame of the document counted last. */
  #last: Buffer | undefined;
  readonly #onOther: (response: CaptureResponse) => void;

  constructor(onOther: (response: CaptureResponse) => void) {
    this.#onOther = onOther;
  }

  /** The bytes may be reused after the call. */
  push(chunk: Buffer): void {
    const rest = this.#partial.length === 0 ? chunk : this.#completePartial(chunk);
    let at = 0;
    let last = -1;
    while (at + LENGTH_BYTES < rest.length) {
      const end = at + LENGTH_BYTES + rest.readUInt32LE(at);
      if (end > rest.length) break;
      if (rest[at + LENGTH_BYTES] === CAPTURED_TAG) {
        last = at;
        this.count += 1;
      } else {
        this.#onOther(decode(Buffer.from(rest.subarray(at, end))));
      }
      at = end;
    }
    if (last >= 0) this.#last = Buffer.from(rest.subarray(last));
    this.#partial = Buffer.from(rest.subarray(at));
  }

  /** The document counted last, parsed; undefined when there is none. */
  lastDocument(): unknown {
    if (this.#last === undefined) return undefined;
    const response = decode(this.#last);
    return response.kind === 'captured' ? JSON.parse(response.doc.toString()) : undefined;
  }

  /** Ends the frame that was begun, if all of it is here; returns what follows, or all that there is of it. */
  #completePartial(chunk: Buffer): Buffer {
    const joined = Buffer.concat([this.#partial, chunk.subarray(0, LENGTH_BYTES)]);
    if (joined.length < LENGTH_BYTES) return joined;
    const missing = LENGTH_BYTES + joined.readUInt32LE(0) - this.#partial.length;
    if (missing > chunk.length) return Buffer.concat([this.#partial, chunk]);
    const frame = Buffer.concat([this.#partial, chunk.subarray(0, missing)]);
    this.#partial = Buffer.alloc(0);
    this.push(frame);
    return chunk.subarray(missing);
  }
}

function decode(frame: Buffer): CaptureResponse {
  const decoder = createDecoder('capture.Response', 'proto');
  decoder.push(frame);
  const response = decoder.next();
  if (response === undefined) throw new Error('a frame is shorter than its length');
  return response;
}
