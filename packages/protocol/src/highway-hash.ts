// HighwayHash-64 (Alakuijala, Cox, Wassenberg: "Fast keyed hash/pseudo-random function using SIMD multiply and
// permute", 2016), on 32-bit halves: JavaScript has no cheap 64-bit integers.
//
// The state is four 64-bit lanes of v0, v1, mul0 and mul1. In the arrays below lane i has its low half at i and its
// high half at 4 + i; a 64-bit addition carries from one into the other.

const LANES = 4;

const INITIAL_MUL0 = [
  0xfe4cce2f, 0x299f31d0, 0x03707344, 0x85a308d3, 0xdbe6d5d5, 0xa4093822, 0x13198a2e, 0x243f6a88,
];
const INITIAL_MUL1 = [
  0xcb0ef593, 0xb5f18a8c, 0x34e90c6c, 0x38d01377, 0x3bd39e10, 0xc0acf169, 0xbe5466cf, 0x452821e6,
];

// One hash is computed at a time, so its state needs no allocation.
const v0 = new Int32Array(8);
const v1 = new Int32Array(8);
const mul0 = new Int32Array(8);
const mul1 = new Int32Array(8);
const lanes = new Int32Array(8);
const packet = new Uint8Array(32);

/** `target[lane] += (high, low)` in 64 bits. */
function add(target: Int32Array, lane: number, low: number, high: number): void {
  const sum = ((target[lane] as number) >>> 0) + (low >>> 0);
  target[lane] = sum | 0;
  target[lane + LANES] = ((target[lane + LANES] as number) + high + (sum > 0xffffffff ? 1 : 0)) | 0;
}

/** `target[lane] ^= a × b`, the 64-bit product of two unsigned 32-bit integers. */
function xorProduct(target: Int32Array, lane: number, a: number, b: number): void {
  const aLow = a & 0xffff;
  const aHigh = a >>> 16;
  const bLow = b & 0xffff;
  const bHigh = b >>> 16;
  const middle = aHigh * bLow + ((aLow * bLow) >>> 16);
  const carry = aLow * bHigh + (middle & 0xffff);
  const high = aHigh * bHigh + (middle >>> 16) + (carry >>> 16);
  target[lane] = (target[lane] as number) ^ Math.imul(a, b);
  target[lane + LANES] = (target[lane + LANES] as number) ^ (high | 0);
}

/**
 * Adds the shuffled bytes of an even lane `a` and the odd lane `b` behind it to the same lanes of `target`:
 * a3 b4 a2 a5 b6 a1 b7 a0 to the even one and b3 a4 b2 b5 b1 a6 b0 a7 to the odd one, lowest byte first.
 */
function zipperMerge(source: Int32Array, target: Int32Array, even: number): void {
  const odd = even + 1;
  const aLow = source[even] as number;
  const aHigh = source[even + LANES] as number;
  const bLow = source[odd] as number;
  const bHigh = source[odd + LANES] as number;
  add(
    target,
    even,
    (aLow >>> 24) | ((bHigh & 0xff) << 8) | (aLow & 0xff0000) | ((aHigh & 0xff00) << 16),
    ((bHigh >>> 16) & 0xff) | (aLow & 0xff00) | ((bHigh >>> 24) << 16) | (aLow << 24),
  );
  add(
    target,
    odd,
    (bLow >>> 24) | ((aHigh & 0xff) << 8) | (bLow & 0xff0000) | ((bHigh & 0xff00) << 16),
    ((bLow >>> 8) & 0xff) | ((aHigh & 0xff0000) >>> 8) | ((bLow & 0xff) << 16) | (aHigh & 0xff000000),
  );
}

function update(): void {
  for (let lane = 0; lane < LANES; lane++) {
    const high = lane + LANES;
    add(v1, lane, mul0[lane] as number, mul0[high] as number);
    add(v1, lane, lanes[lane] as number, lanes[high] as number);
    xorProduct(mul0, lane, v1[lane] as number, v0[high] as number);
    add(v0, lane, mul1[lane] as number, mul1[high] as number);
    xorProduct(mul1, lane, v0[lane] as number, v1[high] as number);
  }
  zipperMerge(v1, v0, 0);
  zipperMerge(v1, v0, 2);
  zipperMerge(v0, v1, 0);
  zipperMerge(v0, v1, 2);
}

function loadLanes(bytes: Uint8Array, offset: number): void {
  for (let word = 0; word < 8; word++) {
    const at = offset + 4 * word;
    lanes[(word >>> 1) + (word & 1) * LANES] =
      (bytes[at] as number) |
      ((bytes[at + 1] as number) << 8) |
      ((bytes[at + 2] as number) << 16) |
      ((bytes[at + 3] as number) << 24);
  }
}

/** The last 1 to 31 bytes, and how many they are. */
function updateRemainder(bytes: Uint8Array, start: number, size: number): void {
  for (let lane = 0; lane < LANES; lane++) {
    add(v0, lane, size, size);
    for (const half of [lane, lane + LANES]) {
      const value = v1[half] as number;
      v1[half] = (value << size) | (value >>> (32 - size));
    }
  }
  packet.fill(0);
  const whole = size & ~3;
  const rest = size & 3;
  for (let at = 0; at < whole; at++) packet[at] = bytes[start + at] as number;
  if ((size & 16) !== 0) {
    // The last four bytes, which may overlap those copied already.
    for (let at = 0; at < 4; at++) packet[28 + at] = bytes[start + size - 4 + at] as number;
  } else if (rest !== 0) {
    packet[16] = bytes[start + whole] as number;
    packet[17] = bytes[start + whole + (rest >>> 1)] as number;
    packet[18] = bytes[start + size - 1] as number;
  }
  loadLanes(packet, 0);
  update();
}

/** Hashes v0 into itself, with its lanes swapped by two and the halves of each exchanged. */
function permuteAndUpdate(): void {
  for (let lane = 0; lane < LANES; lane++) {
    const from = lane ^ 2;
    lanes[lane] = v0[from + LANES] as number;
    lanes[lane + LANES] = v0[from] as number;
  }
  update();
}

/** A 32-byte key, prepared for hashing. */
export interface HighwayKey {
  readonly v0: Int32Array;
  readonly v1: Int32Array;
}

export function highwayKey(key: Uint8Array): HighwayKey {
  loadLanes(key, 0);
  const prepared = { v0: new Int32Array(8), v1: new Int32Array(8) };
  for (let half = 0; half < 8; half++) {
    prepared.v0[half] = (INITIAL_MUL0[half] as number) ^ (lanes[half] as number);
    prepared.v1[half] = (INITIAL_MUL1[half] as number) ^ (lanes[half ^ LANES] as number);
  }
  return prepared;
}

function run(key: HighwayKey, bytes: Uint8Array): void {
  v0.set(key.v0);
  v1.set(key.v1);
  mul0.set(INITIAL_MUL0);
  mul1.set(INITIAL_MUL1);
  let at = 0;
  for (; at + 32 <= bytes.length; at += 32) {
    loadLanes(bytes, at);
    update();
  }
  if (at < bytes.length) updateRemainder(bytes, at, bytes.length - at);
  for (let round = 0; round < 4; round++) permuteAndUpdate();
  for (const term of [v1, mul0, mul1]) add(v0, 0, term[0] as number, term[LANES] as number);
}

/** The 64-bit hash, unsigned. */
export function highwayHash64(key: HighwayKey, bytes: Uint8Array): bigint {
  run(key, bytes);
  return (BigInt((v0[LANES] as number) >>> 0) << 32n) | BigInt((v0[0] as number) >>> 0);
}

/** The top 32 bits of the hash, unsigned. */
export function highwayHash32(key: HighwayKey, bytes: Uint8Array): number {
  run(key, bytes);
  return (v0[LANES] as number) >>> 0;
}
