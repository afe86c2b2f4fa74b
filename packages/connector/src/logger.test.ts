import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Secret } from '@weir/schema';
import { documentationUrl } from './connector-spec.ts';
import { parseLogFormat, parseLogLevel } from './log-format.ts';
import { createLogger, logSettings, type Logger } from './logger.ts';
import { checkPrerequisites, prerequisiteError } from './prerequisites.ts';
import { errors } from './errors.ts';

function logger(env: Record<string, string>): { log: Logger; lines: string[] } {
  const lines: string[] = [];
  const settings = logSettings(env, false, (line) => lines.push(line));
  return { log: createLogger({ ...settings, now: () => new Date('2026-01-02T03:04:05.678Z') }), lines };
}

test('a JSON log line has its time, level, message and fields, and never a raw newline', () => {
  const { log, lines } = logger({ LOG_LEVEL: 'info', LOG_FORMAT: 'json' });
  log
    .with({ table: 'a' })
    .info('two\nlines', { rows: 2n ** 60n, password: new Secret('x'), error: new Error('no') });
  assert.deepEqual(lines, [
    '{"ts":"2026-01-02T03:04:05.678Z","level":"info","message":"two\\nlines",' +
      '"fields":{"table":"a","rows":"1152921504606846976","password":"***","error":"no"}}',
  ]);
});

test('lines below LOG_LEVEL are not written; a field that cannot be printed does not lose the line', () => {
  const { log, lines } = logger({ LOG_LEVEL: 'WARN' });
  log.info('quiet');
  const loop: Record<string, unknown> = {};
  loop['self'] = loop;
  log.warn('loud', { loop });
  assert.equal(lines.length, 1);
  assert.deepEqual(JSON.parse(lines[0] ?? ''), {
    ts: '2026-01-02T03:04:05.678Z',
    level: 'warn',
    message: 'loud',
    fields: { unprintable: ['loop'] },
  });
});

test('a status is said once until it changes, also through a logger with fields', () => {
  const { log, lines } = logger({});
  log.status('Running');
  log.with({ a: 1 }).status('Running');
  log.status('Waiting');
  log.status('Running');
  const statuses = lines.map(
    (line) => JSON.parse(line) as { message: string; fields: { eventType: string } },
  );
  assert.deepEqual(
    statuses.map(({ message }) => message),
    ['Running', 'Waiting', 'Running'],
  );
  assert.ok(statuses.every(({ fields }) => fields.eventType === 'connectorStatus'));
});

test('text and color are for people: colour only when asked for', () => {
  const text = logger({ LOG_FORMAT: 'text' });
  text.log.info('hello', { a: 1 });
  assert.deepEqual(text.lines, ['2026-01-02T03:04:05.678Z INFO  hello {"a":1}']);
  const color = logger({ LOG_FORMAT: 'color' });
  color.log.error('bad');
  assert.ok(color.lines[0]?.endsWith('\u001B[31mERROR\u001B[0m bad'));
});

test('levels and formats are read leniently', () => {
  assert.deepEqual(['WARNING', 'fatal', 'trace', 'loud', undefined].map(parseLogLevel), [
    'warn',
    'error',
    'trace',
    'info',
    'info',
  ]);
  assert.equal(parseLogFormat(undefined, true), 'color');
  assert.equal(parseLogFormat(undefined, true, ''), 'color');
  assert.equal(parseLogFormat(undefined, true, '1'), 'text');
  assert.equal(parseLogFormat(undefined, false, '1'), 'json');
  assert.equal(parseLogFormat('yaml', false), 'json');
});

test('every failed prerequisite is a point of one list, with its advice, and at most twenty are listed', async () => {
  const check = (message: string) => async (): Promise<void> => {
    throw errors.CONNECTOR_DEFECT({ message, fix: 'Run this:\nGRANT x;' });
  };
  await assert.rejects(
    checkPrerequisites([check('One is missing.'), () => undefined, check('Two is wrong.')]),
    (error: Error) => {
      assert.equal(
        error.message,
        'The connector cannot run because:\n' +
          ' - One is missing.\n   Run this:\n   GRANT x;\n - Two is wrong.\n   Run this:\n   GRANT x;',
      );
      return true;
    },
  );
  await checkPrerequisites([() => undefined]);
  const many = prerequisiteError(Array.from({ length: 25 }, (_, index) => new Error(`no ${index}`)));
  assert.equal(many.message.split('\n').length, 22);
  assert.match(many.message, /- and 5 more$/);
});

test('DOCS_URL replaces the documentation URL of a spec', () => {
  const spec = { documentationUrl: 'https://example.com/a' };
  assert.equal(documentationUrl(spec, { DOCS_URL: 'https://example.com/b' }), 'https://example.com/b');
  assert.equal(documentationUrl(spec, { DOCS_URL: '' }), 'https://example.com/a');
});
