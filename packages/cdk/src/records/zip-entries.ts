// The entries of a ZIP body while it arrives, without the directory at its end. Where a compressed entry ends is known from
// its own format, not looked for: the marks of ZIP may stand within it. Sizes and checksums are compared
// (PKWARE APPNOTE 6.3.10 §4.3.7, §4.3.9).

import { crc32, createInflateRaw } from 'node:zlib';
import { decompressedPart } from '../http/compressed-parts.ts';
import { errors } from '../errors.ts';
import { ByteSource } from '../http/byte-source.ts';

export interface ZipEntry {
  readonly name: string;
  /** Has to be read to its end before the next entry is asked for. */
  readonly content: AsyncIterable<Uint8Array>;
}

const LOCAL_HEADER = 0x04034b50;
const DESCRIPTOR = 0x08074b50;
/** What may follow the last entry: the directory, its end when it is empty, or an extra record before it. */
const AFTER_ENTRIES = new Set([0x02014b50, 0x06054b50, 0x08064b50, 0x06064b50]);

const STORED = 0;
const DEFLATED = 8;
const ENCRYPTED_FLAG = 1;
const DESCRIPTOR_FLAG = 8;
const ZIP64_EXTRA = 1;
const NEEDS_ZIP64 = 0xffffffff;

interface Header {
  readonly name: string;
  readonly method: number;
  readonly hasDescriptor: boolean;
  readonly crc: number;
  readonly packedBytes: number;
  readonly bytes: number;
}

interface Measured {
  crc: number;
  packedBytes: number;
  bytes: number;
}

/** Throws CDK_BODY_INVALID for what is no ZIP file, cut off or damaged. */
export async function* zipEntries(body: AsyncIterable<Uint8Array>): AsyncGenerator<ZipEntry, void, void> {
  const source = new ByteSource(body);
  for (;;) {
    const signature = (await source.take(4)).readUInt32LE();
    if (AFTER_ENTRIES.has(signature)) return await source.drain();
    if (signature !== LOCAL_HEADER) throw invalid('is no ZIP file');
    const header = await readHeader(source);
    const measured: Measured = { crc: 0, packedBytes: 0, bytes: 0 };
    yield { name: header.name, content: contentOf(source, header, measured) };
    if (header.hasDescriptor) await checkDescriptor(source, header.name, measured);
    else if (!isAsSaid(header, measured)) throw invalid(`has a damaged entry ${header.name}`);
  }
}

async function readHeader(source: ByteSource): Promise<Header> {
  const fixed = await source.take(26);
  const flags = fixed.readUInt16LE(2);
  const method = fixed.readUInt16LE(4);
  const name = (await source.take(fixed.readUInt16LE(22))).toString('utf8');
  const extra = await source.take(fixed.readUInt16LE(24));
  if ((flags & ENCRYPTED_FLAG) !== 0) throw invalid(`has an encrypted entry ${name}`);
  if (method !== STORED && method !== DEFLATED)
    throw invalid(`has an entry ${name} packed by method ${method}`);
  const hasDescriptor = (flags & DESCRIPTOR_FLAG) !== 0;
  if (hasDescriptor && method === STORED) throw invalid(`has an entry ${name} of unknown length`);
  const [packed, bytes] = [fixed.readUInt32LE(14), fixed.readUInt32LE(18)];
  const large = packed === NEEDS_ZIP64 || bytes === NEEDS_ZIP64 ? zip64Sizes(extra, name) : undefined;
  return {
    name,
    method,
    hasDescriptor,
    crc: fixed.readUInt32LE(10),
    packedBytes: large?.packedBytes ?? packed,
    bytes: large?.bytes ?? bytes,
  };
}

function zip64Sizes(extra: Buffer, name: string): { readonly packedBytes: number; readonly bytes: number } {
  for (let at = 0; at + 4 <= extra.length; at += 4 + extra.readUInt16LE(at + 2)) {
    if (extra.readUInt16LE(at) !== ZIP64_EXTRA || at + 20 > extra.length) continue;
    return {
      bytes: Number(extra.readBigUInt64LE(at + 4)),
      packedBytes: Number(extra.readBigUInt64LE(at + 12)),
    };
  }
  throw invalid(`has an entry ${name} without its length`);
}

async function* contentOf(
  source: ByteSource,
  header: Header,
  measured: Measured,
): AsyncGenerator<Uint8Array, void, void> {
  const onEnd = (packedBytes: number): void => {
    measured.packedBytes = packedBytes;
  };
  const chunks =
    header.method === STORED
      ? stored(source, header, measured)
      : decompressedPart(source, createInflateRaw(), onEnd);
  for await (const chunk of chunks) {
    measured.crc = crc32(chunk, measured.crc);
    measured.bytes += chunk.length;
    yield chunk;
  }
}

async function* stored(
  source: ByteSource,
  { packedBytes, name }: Header,
  measured: Measured,
): AsyncGenerator<Buffer, void, void> {
  while (measured.packedBytes < packedBytes) {
    const chunk = await source.next();
    if (chunk === undefined) throw invalid(`was cut off in the entry ${name}`);
    const taken = chunk.subarray(0, packedBytes - measured.packedBytes);
    if (taken.length < chunk.length) source.unread(chunk.subarray(taken.length));
    measured.packedBytes += taken.length;
    yield taken;
  }
}

/** With or without a mark, with lengths of four bytes or of eight: the form is known by what it says, and by what follows. */
async function checkDescriptor(source: ByteSource, name: string, measured: Measured): Promise<void> {
  for (const [marked, wide] of [
    // The shortest first: the body may end behind it.
    [false, false],
    [true, false],
    [false, true],
    [true, true],
  ] as const) {
    const bytes = await source.take((marked ? 8 : 4) + (wide ? 16 : 8) + 4);
    let at = 0;
    const matches =
      (!marked || bytes.readUInt32LE((at += 4) - 4) === DESCRIPTOR) &&
      bytes.readUInt32LE(at) === measured.crc &&
      lengthAt(bytes, at + 4, wide) === measured.packedBytes &&
      lengthAt(bytes, at + (wide ? 12 : 8), wide) === measured.bytes &&
      isKnown(bytes.readUInt32LE(bytes.length - 4));
    source.unread(matches ? bytes.subarray(-4) : bytes);
    if (matches) return;
  }
  throw invalid(`has a damaged entry ${name}`);
}

function isKnown(signature: number): boolean {
  return signature === LOCAL_HEADER || AFTER_ENTRIES.has(signature);
}

function lengthAt(bytes: Buffer, at: number, wide: boolean): number {
  return wide ? Number(bytes.readBigUInt64LE(at)) : bytes.readUInt32LE(at);
}

function isAsSaid(said: Header, measured: Measured): boolean {
  return (
    said.crc === measured.crc && said.packedBytes === measured.packedBytes && said.bytes === measured.bytes
  );
}

function invalid(what: string): Error {
  return errors.CDK_BODY_INVALID({ message: `A ZIP body ${what}.` });
}
