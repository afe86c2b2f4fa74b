import assert from 'node:assert/strict';
import { test } from 'node:test';
import { dateText, dateTimeOf, dateTimeText, timeOf, timeText } from './temporal-text.ts';
import { parseTimeZone } from './time-zone.ts';

const utc = parseTimeZone('UTC');

test('offsets are fixed, or those that a name has at an instant', () => {
  assert.equal(parseTimeZone('+05:30').offsetAtMs(0), 19_800_000);
  assert.equal(parseTimeZone('-13:59').offsetAtMs(0), -50_340_000);
  const berlin = parseTimeZone('Europe/Berlin');
  // Summer time began at 01:00 UTC.
  assert.equal(berlin.offsetAtMs(Date.UTC(2024, 2, 31, 0, 59, 59)), 3_600_000);
  assert.equal(berlin.offsetAtMs(Date.UTC(2024, 2, 31, 1, 0, 0)), 7_200_000);
  for (const wrong of ['', '+1', '+14:01', '-14:00', '+01:60', 'Nowhere/Land']) {
    assert.throws(() => parseTimeZone(wrong), { code: 'MYSQL_TIME_ZONE' }, wrong);
  }
});

test('date-times are converted, whatever spelling of RFC 3339 they come in', () => {
  for (const [given, expected] of [
    ['2024-01-02T03:04:05Z', '2024-01-02 03:04:05'],
    ['2024-01-02t03:04:05.123456789z', '2024-01-02 03:04:05.123456'],
    ['2024-01-02 03:04:05+03:30', '2024-01-01 23:34:05'],
    ['0000-02-29T00:00:00Z', '0001-01-01 00:00:00'],
    ['0099-12-31T23:59:59Z', '0099-12-31 23:59:59'],
    ['2016-12-31T23:59:60.5Z', '2016-12-31 23:59:59.999999'],
  ] as const) {
    assert.equal(dateTimeText(given, utc), expected);
  }
  // Before zones were fixed, Berlin had its own time by the sun.
  assert.equal(dateTimeText('1890-01-01T00:00:00Z', parseTimeZone('Europe/Berlin')), '1890-01-01 00:53:28');
  for (const wrong of [
    '2024-01-02',
    '2024-01-02T03:04:05',
    '2024-13-01T00:00:00Z',
    '2024-02-30T00:00:00Z',
    'now',
  ]) {
    assert.throws(() => dateTimeText(wrong, utc), TypeError, wrong);
  }
});

test('times of day stay within a day', () => {
  assert.equal(timeText('23:30:00.25Z', parseTimeZone('+01:00')), '00:30:00.25');
  assert.equal(timeText('00:10:00+01:00', utc), '23:10:00');
  assert.throws(() => timeText('24:00:00Z', utc), TypeError);
  assert.equal(dateText('0000-12-31'), '0001-01-01');
  assert.throws(() => dateText('2024-1-1'), TypeError);
});

test('what a column has is the instant that went into it, but in the hour that comes twice', () => {
  const berlin = parseTimeZone('Europe/Berlin');
  const instants = [
    '2024-03-31T00:59:59.999999Z',
    '2024-03-31T01:00:00.000000Z',
    '2024-07-01T12:00:00.500000Z',
    '2024-10-27T01:00:00.000000Z',
    '1900-01-01T00:00:00.000000Z',
  ];
  for (const zone of [utc, berlin, parseTimeZone('-13:59')]) {
    for (const text of instants) assert.equal(dateTimeOf(dateTimeText(text, zone), zone), text, zone.name);
    for (const text of ['14:30:00.000000Z', '00:00:00.000001Z']) {
      assert.equal(timeOf(timeText(text, zone), zone), text, zone.name);
    }
  }
  // 02:30 in Berlin, before and after the clocks were put back: the later one.
  const earlier = dateTimeText('2024-10-27T00:30:00.000000Z', berlin);
  assert.equal(dateTimeOf(earlier, berlin), '2024-10-27T01:30:00.000000Z');
  assert.equal(dateTimeOf('2024-01-01T00:00:00Z', utc), '2024-01-01T00:00:00Z');
});
