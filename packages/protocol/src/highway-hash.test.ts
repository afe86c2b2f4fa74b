import assert from 'node:assert/strict';
import { test } from 'node:test';
import { highwayHash32, highwayHash64, highwayKey } from './highway-hash.ts';
import { captureKeyHash, captureKeyHash64, rangeIncludes } from './key-hash.ts';

// Published with the reference implementation: the hash of the bytes 0, 1, … n-1 under the key 0, 1, … 31.
const PUBLISHED = `
907A56DE22C26E53 7EAB43AAC7CDDD78 B8D0569AB0B53D62 5C6BEFAB8A463D80 F205A46893007EDA 2B8A1668E4A94541
BD4CCC325BEFCA6F 4D02AE1738F59482 E1205108E55F3171 32D2644EC77A1584 F6E10ACDB103A90B C3BBF4615B415C15
243CC2040063FA9C A89A58CE65E641FF 24B031A348455A23 40793F86A449F33B CFAB3489F97EB832 19FE67D2C8C5C0E2
04DD90A69C565CC2 75D9518E2371C504 38AD9B1141D3DD16 0264432CCD8A70E0 A9DB5A6288683390 D7B05492003F028C
205F615AEA59E51E EEE0C89621052884 1BFC1A93A7284F4F 512175B5B70DA91D F71F8976A0A2C639 AE093FEF1F84E3E7
22CA92B01161860F 9FC7007CCF035A68 A0C964D9ECD580FC 2C90F73CA03181FC 185CF84E5691EB9E 4FC1F5EF2752AA9B
F5B7391A5E0A33EB B9B84B83B4E96C9C 5E42FE712A5CD9B4 A150F2F90C3F97DC 7FA522D75E2D637D 181AD0CC0DFFD32B
3889ED981E854028 FB4297E8C586EE2D 6D064A45BB28059C 90563609B3EC860C 7AA4FCE94097C666 1326BAC06B911E08
B926168D2B154F34 9919848945B1948D A2A98FC534825EBE E9809095213EF0B6 582E5483707BC0E9 086E9414A88A6AF5
EE86B98D20F6743D F89B7FF609B1C0A7 4C7D9CC19E22C3E8 9A97005024562A6F 5DD41CF423E6EBEF DF13609C0468E227
6E0DA4F64188155A B755BA4B50D7D4A1 887A3484647479BD AB8EEBE9BF2139A0 75542C5D4CD2A6FF`
  .trim()
  .split(/\s+/)
  .map((hex) => BigInt(`0x${hex}`));

test('every length up to 64 bytes hashes to the published value', () => {
  const key = highwayKey(Uint8Array.from({ length: 32 }, (_, index) => index));
  const hashes = PUBLISHED.map((_, size) =>
    highwayHash64(
      key,
      Uint8Array.from({ length: size }, (_unused, index) => index),
    ),
  );
  assert.deepEqual(hashes, PUBLISHED);
});

test('a second key hashes 33 bytes to the published value', () => {
  const key = Buffer.alloc(32);
  for (const lane of [0, 1, 2, 3]) key.writeBigUInt64LE(BigInt(lane + 1), 8 * lane);
  const bytes = Uint8Array.from({ length: 33 }, (_, index) => 128 + index);
  assert.equal(highwayHash64(highwayKey(key), bytes), 0x53c516cce478cad7n);
  assert.equal(highwayHash32(highwayKey(key), bytes), 0x53c516cc);
});

test("Flow's capture key hashes a file name to the value Flow gives it", () => {
  assert.equal(captureKeyHash64(Buffer.from('bucket/foo.csv')), 0x1e33822adabf8576n);
  assert.equal(captureKeyHash(Buffer.from('bucket/foo.csv')), 0x1e33822a);
});

test('a range includes both of its ends', () => {
  const range = { keyBegin: 16, keyEnd: 0x8000_0000, rClockBegin: 0, rClockEnd: 0xffff_ffff };
  const inside = [15, 16, 0x8000_0000, 0x8000_0001].map((hash) => rangeIncludes(range, hash));
  assert.deepEqual(inside, [false, true, true, false]);
});
