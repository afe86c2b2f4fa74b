// Where a document's UUID goes: `/_meta/uuid`, as the first member of `_meta`, without parsing the document again.
// The document is valid JSON, an object, and has no `_meta.uuid` yet.

import type { ByteRange } from '../combine/byte-range.ts';
import { JsonObjectCursor, UUID_LENGTH, type UuidStamper } from '@weir/protocol';

/** Bytes [from, to) of the document are replaced by the filled template. */
interface StampPlace {
  readonly from: number;
  readonly to: number;
  readonly template: StampTemplate;
}

/** `bytes` has room for a UUID at `uuidAt`, and is overwritten for each document. */
interface StampTemplate {
  readonly bytes: Buffer;
  readonly uuidAt: number;
}

function template(before: string, after: string): StampTemplate {
  return { bytes: Buffer.from(before + ' '.repeat(UUID_LENGTH) + after, 'latin1'), uuidAt: before.length };
}

const intoMeta = template('"uuid":"', '",');
const intoEmptyMeta = template('"uuid":"', '"');
const intoDocument = template('"_meta":{"uuid":"', '"},');
const intoEmptyDocument = template('"_meta":{"uuid":"', '"}');
const insteadOfMeta = template('{"uuid":"', '"}');

const metaFirst = Buffer.from('{"_meta":{');
const metaName = Buffer.from('"_meta"');
const closingBrace = 0x7d;
const openingBrace = 0x7b;

/** `replacement` takes the place of bytes [from, to) of what holds the document; it is valid until the next call. */
export interface Stamp {
  readonly from: number;
  readonly to: number;
  readonly replacement: Buffer;
}

export function stampDocument({ bytes, start, end }: ByteRange, stamper: UuidStamper): Stamp {
  if (beginsWithMeta(bytes, start, end)) {
    const at = start + metaFirst.length;
    return stamped(at, at, bytes[at] === closingBrace ? intoEmptyMeta : intoMeta, stamper);
  }
  const place = findPlace(bytes.subarray(start, end));
  return stamped(start + place.from, start + place.to, place.template, stamper);
}

function stamped(from: number, to: number, { bytes, uuidAt }: StampTemplate, stamper: UuidStamper): Stamp {
  stamper.stamp(bytes, uuidAt);
  return { from, to, replacement: bytes };
}

/** Whether the document begins as connectors write it: with a `_meta` object, and without white space before it. */
export function beginsWithMeta(bytes: Buffer, start = 0, end: number = bytes.length): boolean {
  if (end - start <= metaFirst.length) return false;
  for (let at = 0; at < metaFirst.length; at++) if (bytes[start + at] !== metaFirst[at]) return false;
  return true;
}

function findPlace(document: Buffer): StampPlace {
  const open = document.indexOf(openingBrace) + 1;
  if (document.includes(metaName)) {
    const members = new JsonObjectCursor(document);
    while (members.next()) {
      if (document.toString('latin1', members.keyStart, members.keyEnd) !== '_meta') continue;
      const at = members.valueStart;
      if (document[at] !== openingBrace) return { from: at, to: members.valueEnd, template: insteadOfMeta };
      const isEmpty = !new JsonObjectCursor(document, at).next();
      return { from: at + 1, to: at + 1, template: isEmpty ? intoEmptyMeta : intoMeta };
    }
  }
  const isEmpty = !new JsonObjectCursor(document).next();
  return { from: open, to: open, template: isEmpty ? intoEmptyDocument : intoDocument };
}
