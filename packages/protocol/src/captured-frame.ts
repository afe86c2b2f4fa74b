// A Captured of the protobuf codec, read without taking it apart: where its document lies in the chunk that it came in.

import type { CapturedResponse } from './capture.ts';
import { shortVarint, shortVarintEnd } from './short-varint.ts';

export class CapturedFrame implements CapturedResponse {
  readonly kind = 'captured';
  binding = 0;
  bytes: Buffer = Buffer.alloc(0);
  docStart = 0;
  docEnd = 0;

  /** A view that is made now. */
  get doc(): Buffer {
    return this.bytes.subarray(this.docStart, this.docEnd);
  }
}

/**
 * Fills in the Captured in `bytes[start, end)`, a whole frame without its length. False for anything but the member's tag
 * (#6), its length, and fields that `writeProtoCaptured` writes: such a frame is for the reader that knows every case.
 */
export function readCapturedFrame(fields: CapturedFrame, bytes: Buffer, start: number, end: number): boolean {
  if (bytes[start] !== 0x32) return false;
  const bodyBytes = shortVarint(bytes, start + 1, end);
  if (bodyBytes < 0 || shortVarintEnd + bodyBytes !== end) return false;
  fields.binding = 0;
  fields.bytes = bytes;
  fields.docStart = 0;
  fields.docEnd = 0;
  for (let at = shortVarintEnd; at < end;) {
    const tag = bytes[at] as number;
    const value = shortVarint(bytes, at + 1, end);
    if (value < 0) return false;
    at = shortVarintEnd;
    if (tag === 0x12) {
      fields.docStart = at;
      fields.docEnd = at += value;
    } else if (tag === 0x08) {
      fields.binding = value;
    } else {
      return false;
    }
    if (at > end) return false;
  }
  return true;
}
