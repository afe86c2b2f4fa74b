import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import {
  clockFromUnix,
  clockToUnixNanoseconds,
  formatUuid,
  parseUuid,
  producerId,
  tick,
  unixTimeAt,
  unixTimeOfUuid,
  UUID_FLAGS,
  UUID_LENGTH,
  UUID_PLACEHOLDER,
  UuidStamper,
} from './uuid.ts';

const producer = Buffer.from('0102030405ff', 'hex');
const parts = fc.record(
  {
    producer: fc.uint8Array({ minLength: 6, maxLength: 6 }).map((bytes) => producerId(bytes)),
    clock: fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }),
    flags: fc.integer({ min: 0, max: 0x3ff }),
  },
  { noNullPrototype: true },
);

test('the time read from the text of a UUID is that of its clock', () => {
  fc.assert(
    fc.property(parts, (uuid) => {
      const text = formatUuid(uuid);
      const time = unixTimeOfUuid(text);
      assert.deepEqual(unixTimeAt(Buffer.from(`"${text.toUpperCase()}"`), 1), time);
      assert.ok(time !== undefined && time.nanoseconds >= 0 && time.nanoseconds < 1_000_000_000);
      const nanoseconds = BigInt(time.seconds) * 1_000_000_000n + BigInt(time.nanoseconds);
      assert.equal(nanoseconds, clockToUnixNanoseconds(uuid.clock));
    }),
  );
  assert.equal(unixTimeOfUuid(UUID_PLACEHOLDER), undefined);
});

test('bytes that are no UUID of version 1 have no time', () => {
  fc.assert(
    fc.property(
      parts,
      fc.nat({ max: 35 }),
      fc.constantFrom('0', 'f', '-', 'g', ' ', '~', 'é'),
      (uuid, at, character) => {
        const text = formatUuid(uuid);
        const changed = text.slice(0, at) + character + text.slice(at + 1);
        assert.deepEqual(unixTimeAt(Buffer.from(changed), 0), unixTimeOfUuid(changed));
      },
    ),
  );
});

test('the Unix epoch is the UUID time 0x1b21dd213814000', () => {
  // RFC 4122: the number of 100 ns between 1582-10-15 and 1970-01-01 is 0x01b21dd213814000.
  assert.equal(clockFromUnix(0, 0), 0x01b21dd213814000n << 4n);
  assert.equal(
    formatUuid({ producer, clock: clockFromUnix(0, 0), flags: UUID_FLAGS.acknowledge }),
    '13814000-1dd2-11b2-8002-0102030405ff',
  );
});

test('a clock gives back the time it was made of, to 100 ns', () => {
  const clock = clockFromUnix(1_700_000_000, 123_456_789);
  assert.equal(clockToUnixNanoseconds(clock), 1_700_000_000_123_456_700n);
});

test('a tick is one microsecond', () => {
  const clock = clockFromUnix(1_700_000_000, 0);
  assert.equal(clockToUnixNanoseconds(tick(clock)) - clockToUnixNanoseconds(clock), 1000n);
});

test('parsing gives back the parts that were formatted, whatever they are', () => {
  fc.assert(
    fc.property(parts, (uuid) => {
      assert.deepEqual(parseUuid(formatUuid(uuid)), uuid);
    }),
    { numRuns: 1000 },
  );
});

test('the clock of the counter bits travels in the clock sequence', () => {
  const clock = clockFromUnix(1, 0) + 11n;
  assert.equal(parseUuid(formatUuid({ producer, clock, flags: 1 })).clock, clock);
});

test('stamping ticks the clock and writes the same text as formatting', () => {
  fc.assert(
    fc.property(parts, fc.integer({ min: 0, max: 9 }), ({ clock: any, flags }, offset) => {
      // Near the end of the low 32 bits of the time, so that the carry is exercised.
      const start = (any & ~(0xffff_ffffn << 4n) & (2n ** 63n - 1n)) | (0xffff_fff0n << 4n);
      const stamper = new UuidStamper(producer, start, flags);
      const target = Buffer.alloc(UUID_LENGTH + 10);
      let clock = start;
      for (let round = 0; round < 4; round++) {
        clock = tick(clock);
        stamper.stamp(target, offset);
        assert.equal(
          target.toString('latin1', offset, offset + UUID_LENGTH),
          formatUuid({ producer, clock, flags }),
        );
        assert.equal(stamper.clock, clock);
      }
    }),
  );
});

test('a stamper never moves its clock back', () => {
  const stamper = new UuidStamper(producer, clockFromUnix(100, 0));
  stamper.advanceTo(clockFromUnix(99, 0));
  assert.equal(stamper.clock, clockFromUnix(100, 0));
  stamper.advanceTo(clockFromUnix(101, 0));
  assert.equal(stamper.clock, clockFromUnix(101, 0));
});

test('the placeholder is as long as a UUID and is not one', () => {
  assert.equal(UUID_PLACEHOLDER.length, UUID_LENGTH);
  assert.throws(() => parseUuid(UUID_PLACEHOLDER), { code: 'UUID_MALFORMED' });
});

test('a producer id has the multicast bit', () => {
  assert.equal(producerId(Buffer.from('020304050607', 'hex')).toString('hex'), '030304050607');
});
