import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { parseSchedule, schedulePattern } from './schedule.ts';

function next(schedule: string, last: string): string {
  return new Date(parseSchedule(schedule).next(Date.parse(last))).toISOString().replace('.000', '');
}

describe('a polling schedule', () => {
  test('an interval is due that long after the last poll', () => {
    const cases: [string, string, string][] = [
      ['5m', '2024-05-01T10:00:00Z', '2024-05-01T10:05:00Z'],
      ['1h', '2024-05-01T23:30:00Z', '2024-05-02T00:30:00Z'],
      ['24h', '2024-02-28T12:00:00Z', '2024-02-29T12:00:00Z'],
      ['1h30m', '2024-05-01T10:00:00Z', '2024-05-01T11:30:00Z'],
      ['1.5h', '2024-05-01T10:00:00Z', '2024-05-01T11:30:00Z'],
      ['90s', '2024-05-01T10:00:00Z', '2024-05-01T10:01:30Z'],
      ['+2m', '2024-05-01T10:00:00Z', '2024-05-01T10:02:00Z'],
      ['1500ms', '2024-05-01T10:00:00Z', '2024-05-01T10:00:01.500Z'],
      ['0s', '2024-05-01T10:00:00Z', '2024-05-01T10:00:00Z'],
      ['1h1m1s', '2024-12-31T23:00:00Z', '2025-01-01T00:01:01Z'],
      ['5m', '0001-01-01T00:00:00Z', '0001-01-01T00:05:00Z'],
    ];
    for (const [schedule, last, expected] of cases) assert.equal(next(schedule, last), expected, schedule);
  });

  test('a time of day is due at its next occurrence strictly after the last poll', () => {
    const cases: [string, string, string][] = [
      ['daily at 12:34Z', '2024-05-01T10:00:00Z', '2024-05-01T12:34:00Z'],
      ['daily at 12:34Z', '2024-05-01T12:33:59Z', '2024-05-01T12:34:00Z'],
      ['daily at 12:34Z', '2024-05-01T12:34:00Z', '2024-05-02T12:34:00Z'],
      ['daily at 12:34Z', '2024-05-01T12:34:01Z', '2024-05-02T12:34:00Z'],
      ['daily at 12:34Z', '2024-05-01T23:59:59Z', '2024-05-02T12:34:00Z'],
      ['daily at 6:00Z', '2024-05-01T05:00:00Z', '2024-05-01T06:00:00Z'],
      ['daily at 06:00Z', '2024-05-01T05:00:00Z', '2024-05-01T06:00:00Z'],
      ['daily at 6:00Z', '2024-05-01T06:00:00Z', '2024-05-02T06:00:00Z'],
      ['daily at 00:00Z', '2024-05-01T00:00:00Z', '2024-05-02T00:00:00Z'],
      ['daily at 0:00Z', '2024-04-30T23:59:59Z', '2024-05-01T00:00:00Z'],
      ['daily at 23:59Z', '2024-02-28T23:59:00Z', '2024-02-29T23:59:00Z'],
      ['daily at 23:59Z', '2024-12-31T23:59:30Z', '2025-01-01T23:59:00Z'],
      ['daily at 12:34Z', '0001-01-01T00:00:00Z', '0001-01-01T12:34:00Z'],
    ];
    for (const [schedule, last, expected] of cases) assert.equal(next(schedule, last), expected, schedule);
  });

  test('anything else is refused, with the text in the message', () => {
    for (const text of [
      '',
      'often',
      '5',
      '5 m',
      '-5m',
      'daily at 24:00Z',
      'daily at 12:60Z',
      'daily at 12:34',
      'm5',
    ]) {
      assert.throws(() => parseSchedule(text), {
        code: 'SQLBATCH_SCHEDULE_INVALID',
        message: new RegExp(JSON.stringify(text).replaceAll(/[+.*]/g, String.raw`\$&`)),
      });
    }
  });

  test('the pattern of the schema takes what is used in catalogs', () => {
    const pattern = new RegExp(schedulePattern);
    for (const text of ['5m', '1h30m', '1.5h', '500ms', 'daily at 6:00Z', 'daily at 06:00Z']) {
      assert.match(text, pattern);
    }
    for (const text of ['often', '5', 'daily at noon', 'daily at 12:34']) assert.doesNotMatch(text, pattern);
  });
});
