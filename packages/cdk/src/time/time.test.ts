import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { parseCron } from './cron.ts';
import { isoDuration, isoDurationMs, spanMs } from './duration.ts';
import { horizon, Instant } from './instant.ts';
import { serialDate, serialTime } from './serial-time.ts';
import { shownAsBound, shownIn, zoneOffsetMs } from './zone.ts';

test('an instant survives its own text, to the nanosecond', () => {
  fc.assert(
    fc.property(fc.bigInt({ min: -(10n ** 18n), max: 4n * 10n ** 18n }), (nanoseconds) => {
      assert.equal(Instant.parse(new Instant(nanoseconds).toString())?.nanoseconds, nanoseconds);
    }),
  );
});

test('texts with a zone, without one, and with a fraction of any length are the same point in time', () => {
  const spelled = ['2024-03-01T10:00:00.5Z', '2024-03-01 10:00:00.500', '2024-03-01T12:00:00.500000+02:00'];
  assert.deepEqual(
    spelled.map((text) => Instant.parse(text)?.toString()),
    Array(3).fill('2024-03-01T10:00:00.500Z'),
  );
  assert.equal(Instant.parse('2024-03-01T10:00:00.5-0130')?.toText(0), '2024-03-01T11:30:00Z');
  for (const text of ['2024-03-01', 'yesterday', '2024-13-01T00:00:00Z', ''])
    assert.equal(Instant.parse(text), undefined);
});

test('the horizon leaves out the running tick, the one before it, and the lag', () => {
  const now = Date.parse('2024-01-01T00:00:10.700Z');
  assert.equal(horizon(now, 1_000_000_000n, 0).toString(), '2024-01-01T00:00:09Z');
  assert.equal(horizon(now, 1_000_000_000n, 5000).toString(), '2024-01-01T00:00:04Z');
  assert.equal(horizon(now, 1_000_000n, 0).toString(), '2024-01-01T00:00:10.699Z');
});

test('what is between two bounds stays between them, whichever of two instants a repeated time is taken for', () => {
  const minute = 60_000;
  // When clocks are set back, by an hour or half of one; UTC is never.
  const setBack = [
    ['America/New_York', '2024-11-03T06:00:00Z'],
    ['America/St_Johns', '2024-11-03T04:30:00Z'],
    ['Europe/Berlin', '2024-10-27T01:00:00Z'],
    ['Australia/Lord_Howe', '2024-04-06T15:00:00Z'],
    ['UTC', '2024-10-27T01:00:00Z'],
  ] as const;
  const repeated = new Set<string>();
  const property = fc.property(
    fc.constantFrom(...setBack),
    fc.integer({ min: -180, max: 180 }),
    ([zone, change], minutes) => {
      const instant = Instant.ofMs(Date.parse(change) + minutes * minute);
      const meant = (bound: 'from' | 'to'): number[] => {
        const shown = shownAsBound(zone, instant, bound);
        // Every instant at which the clocks show that.
        const offsets = [-24, 0, 24].map((hours) => zoneOffsetMs(zone, instant.plusMs(hours * 60 * minute)));
        return offsets
          .map((offset) => shown.plusMs(-offset))
          .filter((each) => shownIn(zone, each).compare(shown) === 0)
          .map(({ ms }) => ms);
      };
      const [from, to] = [meant('from'), meant('to')];
      if (shownIn(zone, instant).compare(shownAsBound(zone, instant, 'from')) !== 0) repeated.add(zone);
      assert.ok(from.length > 0 && to.length > 0);
      assert.ok(from.every((ms) => ms <= instant.ms && ms >= instant.ms - 120 * minute));
      assert.ok(to.every((ms) => ms >= instant.ms && ms <= instant.ms + 120 * minute));
    },
  );
  // Each half hour around each change as well, so that the repeated times are there whatever is drawn.
  const examples = setBack.flatMap((each) =>
    Array.from({ length: 13 }, (_, half): [typeof each, number] => [each, half * 30 - 180]),
  );
  fc.assert(property, { numRuns: 300, examples });
  assert.equal(repeated.size, setBack.length - 1);
});

test('a duration survives its ISO 8601 text, and what has no fixed length is none', () => {
  fc.assert(
    fc.property(fc.nat(10_000_000), (seconds) => {
      assert.equal(isoDurationMs(isoDuration(seconds * 1000)), seconds * 1000);
    }),
  );
  assert.deepEqual(
    ['PT5M', 'P1W', 'P1DT12H', 'PT0S'].map(isoDurationMs),
    [300_000, 604_800_000, 129_600_000, 0],
  );
  for (const text of ['P', 'PT', 'P1M', 'P1Y', '5m', '']) assert.equal(isoDurationMs(text), undefined, text);
  assert.equal(isoDuration(spanMs('5m')), 'PT5M');
});

test('cron finds the next minute that matches', () => {
  const next = (cron: string, after: string, days = 400): string | undefined => {
    const at = parseCron(cron)?.next(Date.parse(after), Date.parse(after) + days * 86_400_000);
    return at === undefined ? undefined : new Date(at).toISOString().slice(0, 16);
  };
  assert.equal(next('55 23 * * *', '2024-01-01T00:00:00Z'), '2024-01-01T23:55');
  assert.equal(next('55 23 * * *', '2024-01-01T23:55:00Z'), '2024-01-02T23:55');
  assert.equal(next('*/15 8-10 * * 1-5', '2024-01-06T09:00:00Z'), '2024-01-08T08:00');
  assert.equal(next('0 0 29 2 *', '2024-03-01T00:00:00Z', 2000), '2028-02-29T00:00');
  assert.equal(next('0 0 13 * 5', '2024-01-01T00:00:00Z'), '2024-01-05T00:00');
  assert.equal(next('0 0 * * 7', '2024-01-01T00:00:00Z'), '2024-01-07T00:00');
  assert.equal(next('0 0 31 2 *', '2024-01-01T00:00:00Z'), undefined);
  for (const cron of ['', '* * * *', '60 * * * *', '*/0 * * * *', 'a * * * *', '5-1 * * * *']) {
    assert.equal(parseCron(cron), undefined, cron);
  }
});

test('serial times are those that the clocks of the zone show, also on the days when they change', () => {
  assert.equal(serialDate(0), '1899-12-30');
  assert.equal(serialDate(45_267), '2023-12-07');
  assert.equal(serialTime(45_366.5, 'America/New_York'), '2024-03-15T12:00:00-04:00');
  assert.equal(serialTime(45_361.125, 'America/New_York'), '2024-03-10T03:00:00-04:00');
  assert.equal(serialTime(45_361.0625, 'America/New_York'), '2024-03-10T01:30:00-05:00');
  assert.equal(serialTime(45_599.0625, 'America/New_York'), '2024-11-03T01:30:00-04:00');
  assert.equal(serialTime(45_366.5, 'Asia/Kolkata'), '2024-03-15T12:00:00+05:30');
  assert.equal(serialTime(45_366.5, 'UTC'), '2024-03-15T12:00:00+00:00');
});
