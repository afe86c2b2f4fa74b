// The columns of a row's key as tuple elements: the `scanned` position of a backfill, and what a streamed row is
// compared with. The bytes of two keys compare as the server orders them for the types of `isByteOrdered`, and under COLLATE "C" for those of `isByteOrderedUnderC`.

import { type TupleElement, TuplePacker, unpackTuple } from '@weir/protocol';
import { numericText, packNumeric } from './numeric-key.ts';
import { oids, underDomains, type PgType } from './pg-type.ts';
import { temporalFromKey, temporalKey } from './temporal-key.ts';

/** Adds the value in `bytes[start, end)`, the server's text of it, as one element. */
export type KeyPacker = (packer: TuplePacker, bytes: Buffer, start: number, end: number) => void;

const MAX_SAFE_DIGITS = 15;
const BLANK = 0x20;
const temporalOids = new Set<number>([oids.date, oids.timestamp, oids.timestamptz]);

export function compileKeyPacker(type: PgType): KeyPacker {
  switch (underDomains(type).oid) {
    case oids.bool:
      return (packer, bytes, start) => void packer.boolean(bytes[start] === 0x74);
    case oids.int2:
    case oids.int4:
    case oids.int8:
    case oids.oid:
      return packInteger;
    case oids.float4:
    case oids.float8:
      // The server takes -0 and 0 for equal.
      return (packer, bytes, start, end) =>
        void packer.double(Number(bytes.toString('latin1', start, end)) + 0);
    case oids.bytea:
      return (packer, bytes, start, end) => {
        packer.bytes(Buffer.from(bytes.toString('latin1', start + 2, end), 'hex'));
      };
    case oids.numeric:
      return (packer, bytes, start, end) => packNumeric(packer, bytes.toString('latin1', start, end));
    case oids.bpchar:
      return (packer, bytes, start, end) => void packer.utf8(bytes, start, withoutBlanks(bytes, start, end));
    case oids.date:
    case oids.timestamp:
    case oids.timestamptz:
      return (packer, bytes, start, end) =>
        void packer.string(temporalKey(bytes.toString('latin1', start, end)));
    default:
      return (packer, bytes, start, end) => void packer.utf8(bytes, start, end);
  }
}

/** The server compares these texts without the blanks that fill them. */
function withoutBlanks(bytes: Buffer, start: number, end: number): number {
  let last = end;
  while (last > start && bytes[last - 1] === BLANK) last -= 1;
  return last;
}

function packInteger(packer: TuplePacker, bytes: Buffer, start: number, end: number): void {
  if (end - start > MAX_SAFE_DIGITS) {
    packer.integer(BigInt(bytes.toString('latin1', start, end)));
    return;
  }
  const negative = bytes[start] === 0x2d;
  let value = 0;
  for (let index = negative ? start + 1 : start; index < end; index += 1)
    value = value * 10 + (bytes[index] ?? 0) - 0x30;
  packer.integer(negative && value !== 0 ? -value : value);
}

/** A packed key back as parameters of a query, one text per column, to be cast to the columns' types. */
export function keyParameters(types: readonly PgType[], packed: Buffer): (string | null)[] {
  return unpackTuple(packed).map((element, index) => {
    const type = types[index];
    return type === undefined ? null : keyParameter(type, element);
  });
}

function keyParameter(type: PgType, element: TupleElement): string | null {
  if (element === null) return null;
  if (Buffer.isBuffer(element)) return `\\x${element.toString('hex')}`;
  if (typeof element === 'string') return isTemporal(type) ? temporalFromKey(element) : element;
  if (typeof element === 'object') return numericText(element) ?? null;
  return String(element);
}

function isTemporal(type: PgType): boolean {
  return temporalOids.has(underDomains(type).oid);
}

/**
 * A key as it is packed here, from one that an older release or another capture of Flow packed: numerics with their
 * scale, floats of four bytes, instants with their offset, texts with the blanks that fill them, and values of domains as
 * their texts mean the same place.
 */
export function repackKey(types: readonly PgType[], packed: Buffer): Buffer {
  const packer = new TuplePacker();
  for (const [index, element] of unpackTuple(packed).entries()) {
    repackElement(packer, types[index], element);
  }
  return packer.copy();
}

function repackElement(packer: TuplePacker, type: PgType | undefined, element: TupleElement): void {
  if (element === null) packer.null();
  else if (typeof element === 'boolean') packer.boolean(element);
  else if (Buffer.isBuffer(element)) packer.bytes(element);
  else if (typeof element === 'number' && isFloat(type)) packer.double(element + 0);
  else if (typeof element === 'number' || typeof element === 'bigint') packer.integer(element);
  else if (typeof element === 'object') packNumeric(packer, numericText(element) ?? 'NaN');
  else if (type === undefined) packer.string(element);
  else {
    const text = Buffer.from(element);
    compileKeyPacker(type)(packer, text, 0, text.length);
  }
}

function isFloat(type: PgType | undefined): boolean {
  const oid = type === undefined ? 0 : underDomains(type).oid;
  return oid === oids.float4 || oid === oids.float8;
}

const byteOrdered = new Set<number>([
  oids.bool,
  oids.int2,
  oids.int4,
  oids.int8,
  oids.oid,
  oids.float4,
  oids.float8,
  oids.numeric,
  oids.bytea,
  oids.date,
  oids.timestamp,
  oids.timestamptz,
  oids.uuid,
  oids.macaddr,
  oids.macaddr8,
]);

/** Whether packed keys of this type compare as bytes the way the server orders its values. */
export function isByteOrdered(type: PgType): boolean {
  return byteOrdered.has(underDomains(type).oid);
}

const byteOrderedUnderC = new Set<number>([oids.text, oids.varchar, oids.bpchar]);

/** Whether they do so where the values are compared under COLLATE "C". */
export function isByteOrderedUnderC(type: PgType): boolean {
  return byteOrderedUnderC.has(underDomains(type).oid);
}

const integers = new Set<number>([oids.int2, oids.int4, oids.int8]);

/** A name that two types share whose keys are packed and ordered alike, so that a backfill may go on across a change. */
export function orderType(type: PgType): string {
  const { oid, name } = underDomains(type);
  if (integers.has(oid)) return 'integer';
  return oid === oids.varchar ? 'text' : name;
}
