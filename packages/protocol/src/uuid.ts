// Document UUIDs: version 1 UUIDs whose time is the runtime's clock, whose node is the producer, and whose clock
// sequence holds the clock's low bits and the transaction flags.
//
// A clock is an unsigned 64-bit integer: the 100 ns ticks since 1582-10-15 in the upper 60 bits, a counter below.
// Invariant: a producer's clocks only rise, so readers can tell a repeated document from a new one.

import { errors } from './errors.ts';

export type Clock = bigint;

/** The string that stands at /_meta/uuid until a document is published: as long as a UUID. */
export const UUID_PLACEHOLDER = 'DocUUIDPlaceholder-329Bb50aa48EAa9ef';

/** Characters of a UUID's text. */
export const UUID_LENGTH = 36;

export const UUID_FLAGS = { outsideTransaction: 0, continueTransaction: 1, acknowledge: 2 } as const;

export interface UuidParts {
  /** Six bytes. */
  readonly producer: Buffer;
  readonly clock: Clock;
  /** Ten bits, of which UUID_FLAGS names the values in use. */
  readonly flags: number;
}

/** Ticks between 1582-10-15 and 1970-01-01. */
const TICKS_TO_UNIX = 122_192_928_000_000_000n;
/** One microsecond, which is what one published document takes. */
const TICK = 160n;

/** `nanoseconds` within the second, 0 to 999,999,999; below 100 ns they are cut. */
export function clockFromUnix(seconds: bigint | number, nanoseconds: number): Clock {
  return (BigInt(seconds) * 10_000_000n + BigInt(Math.floor(nanoseconds / 100)) + TICKS_TO_UNIX) << 4n;
}

/** Nanoseconds since 1970. The counter counts as 4 ns each, so that later clocks give later times. */
export function clockToUnixNanoseconds(clock: Clock): bigint {
  return ((clock >> 4n) - TICKS_TO_UNIX) * 100n + (clock & 15n) * 4n;
}

export function tick(clock: Clock): Clock {
  return clock + TICK;
}

/** A producer id of six random bytes: the multicast bit is set, so that it is no real network address. */
export function producerId(random: Uint8Array): Buffer {
  const id = Buffer.from(random.subarray(0, 6));
  id[0] = (id[0] ?? 0) | 0x01;
  return id;
}

const HEX = Buffer.from('0123456789abcdef', 'latin1');

/** Writes `digits` hexadecimal digits of `value`, lowest last. */
function writeHex(target: Buffer, offset: number, value: number, digits: number): void {
  for (let digit = digits - 1, rest = value; digit >= 0; digit--, rest >>>= 4) {
    target[offset + digit] = HEX[rest & 15] as number;
  }
}

/** Writes the 36 characters of a UUID at `offset`. */
export function writeUuid(target: Buffer, offset: number, parts: UuidParts): void {
  const { clock, flags, producer } = parts;
  writeHex(target, offset, Number((clock >> 4n) & 0xffff_ffffn), 8);
  writeHex(target, offset + 9, Number((clock >> 36n) & 0xffffn), 4);
  writeHex(target, offset + 14, Number((clock >> 52n) & 0xfffn) | 0x1000, 4);
  writeHex(target, offset + 19, (Number(clock & 15n) << 10) | (flags & 0x3ff) | 0x8000, 4);
  target[offset + 8] = target[offset + 13] = target[offset + 18] = target[offset + 23] = 0x2d;
  for (let index = 0; index < 6; index++) writeHex(target, offset + 24 + 2 * index, producer[index] ?? 0, 2);
}

export function formatUuid(parts: UuidParts): string {
  const text = Buffer.alloc(UUID_LENGTH);
  writeUuid(text, 0, parts);
  return text.toString('latin1');
}

const UUID_V1 = /^([0-9a-f]{8})-([0-9a-f]{4})-1([0-9a-f]{3})-([89ab][0-9a-f]{3})-([0-9a-f]{12})$/i;

/** Throws UUID_MALFORMED for anything but the text of a version 1 UUID. */
export function parseUuid(text: string): UuidParts {
  const match = UUID_V1.exec(text);
  if (match === null) throw errors.UUID_MALFORMED({ message: `'${text}' is not a version 1 UUID.` });
  const [, low = '', middle = '', high = '', sequence = '', node = ''] = match;
  const clockSequence = Number.parseInt(sequence, 16) & 0x3fff;
  return {
    producer: Buffer.from(node, 'hex'),
    clock: (BigInt(`0x${high}${middle}${low}`) << 4n) | BigInt(clockSequence >>> 10),
    flags: clockSequence & 0x3ff,
  };
}

export interface UnixTime {
  /** Since 1970, rounded down. */
  readonly seconds: number;
  /** Within the second. */
  readonly nanoseconds: number;
}

/** 2^32 ticks are so many seconds and ticks. */
const SECONDS_OF_HIGH = 429;
const TICKS_OF_HIGH = 4_967_296;
const TICKS_OF_SECOND = 10_000_000;
const SECONDS_TO_UNIX = 12_219_292_800;

/**
 * The time of a UUID's clock, as `clockToUnixNanoseconds` has it, for each document that is materialized: without
 * bigints. undefined for anything but the text of a version 1 UUID.
 */
export function unixTimeOfUuid(text: string): UnixTime | undefined {
  if (!UUID_V1.test(text)) return undefined;
  const low = Number.parseInt(text.slice(0, 8), 16);
  const high = Number.parseInt(text.slice(15, 18) + text.slice(9, 13), 16);
  const ticks = high * TICKS_OF_HIGH + low;
  const counter = (Number.parseInt(text.slice(19, 23), 16) >>> 10) & 15;
  return {
    seconds: high * SECONDS_OF_HIGH + Math.floor(ticks / TICKS_OF_SECOND) - SECONDS_TO_UNIX,
    nanoseconds: (ticks % TICKS_OF_SECOND) * 100 + counter * 4,
  };
}

const MINUS = 0x2d;
/** The value of a hexadecimal digit by its byte; `noDigit` for other bytes. */
const noDigit = 0x10;
const digitValues = Uint8Array.from({ length: 256 }, (_, byte) => {
  const value = Number.parseInt(String.fromCharCode(byte), 16);
  return Number.isNaN(value) ? noDigit : value;
});

/** The number that up to seven hexadecimal digits give; -1 when one of them is none. */
function hexAt(bytes: Uint8Array, start: number, count: number): number {
  let value = 0;
  let seen = 0;
  for (let at = start; at < start + count; at++) {
    const digit = digitValues[bytes[at] as number] as number;
    seen |= digit;
    value = (value << 4) | digit;
  }
  return seen < noDigit ? value : -1;
}

/** As `unixTimeOfUuid`, of the text in the 36 bytes from `start` on. */
export function unixTimeAt(bytes: Uint8Array, start: number): UnixTime | undefined {
  if (bytes[start + 8] !== MINUS || bytes[start + 13] !== MINUS || bytes[start + 18] !== MINUS)
    return undefined;
  if (bytes[start + 23] !== MINUS || bytes[start + 14] !== 0x31) return undefined;
  const sequence = hexAt(bytes, start + 19, 4);
  // The variant: the two highest bits are 1 and 0.
  if (sequence < 0x8000 || sequence > 0xbfff) return undefined;
  const top = hexAt(bytes, start + 15, 3);
  const middle = hexAt(bytes, start + 9, 4);
  const lowHigh = hexAt(bytes, start, 4);
  const low = hexAt(bytes, start + 4, 4);
  const node = hexAt(bytes, start + 24, 6) | hexAt(bytes, start + 30, 6);
  if ((top | middle | lowHigh | low | node) < 0) return undefined;
  const high = top * 0x1_0000 + middle;
  const ticks = high * TICKS_OF_HIGH + lowHigh * 0x1_0000 + low;
  return {
    seconds: high * SECONDS_OF_HIGH + Math.floor(ticks / TICKS_OF_SECOND) - SECONDS_TO_UNIX,
    nanoseconds: (ticks % TICKS_OF_SECOND) * 100 + ((sequence >>> 10) & 15) * 4,
  };
}

/** Stamps the documents of one producer: each stamp ticks the clock, at a few nanoseconds apiece. */
export class UuidStamper {
  readonly #producer: Buffer;
  readonly #flags: number;
  readonly #text: Buffer = Buffer.alloc(UUID_LENGTH);
  /** The 32 bits of the clock that are `time_low`; the rest is in `#base` and `#text`. */
  #timeLow = 0;
  #base: Clock = 0n;

  constructor(producer: Buffer, clock: Clock, flags: number = UUID_FLAGS.continueTransaction) {
    this.#producer = producer;
    this.#flags = flags;
    this.#set(clock);
  }

  #set(clock: Clock): void {
    this.#timeLow = Number((clock >> 4n) & 0xffff_ffffn);
    this.#base = clock & ~(0xffff_ffffn << 4n);
    writeUuid(this.#text, 0, { producer: this.#producer, clock, flags: this.#flags });
  }

  /** Of the last stamp, or the start. */
  get clock(): Clock {
    return this.#base | (BigInt(this.#timeLow) << 4n);
  }

  /** Moves the clock forward to `clock`; never back. */
  advanceTo(clock: Clock): void {
    if (clock > this.clock) this.#set(clock);
  }

  /** Ticks, and writes the 36 characters of the UUID at `offset`. */
  stamp(target: Buffer, offset: number): void {
    const next = this.#timeLow + 10;
    if (next > 0xffff_ffff) this.#set(tick(this.clock));
    else this.#timeLow = next;
    target.set(this.#text, offset);
    writeHex(target, offset, this.#timeLow, 8);
  }
}
