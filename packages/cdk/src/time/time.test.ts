import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { parseCron } from './cron.ts';
import { isoDuration, isoDurationMs, spanMs } from './duration.ts';
import { horizon, Instant } from './instant.ts';

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
