import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { LogLevel, OpsLog } from '@weir/runtime';
import { logPrinter } from './log-printer.ts';

const log: OpsLog = {
  ts: '2026-01-02T03:04:05.678Z',
  level: 'info',
  message: 'Running',
  fields: { eventType: 'connectorStatus', table: 'public.users', note: 'two words' },
};

function printed(options: { json?: boolean; level?: LogLevel; color?: boolean }, ...logs: OpsLog[]): string {
  let text = '';
  const { json = false, level = 'info', color = false } = options;
  const print = logPrinter({ json, level, color, write: (line) => (text += line) });
  for (const each of logs) print('acme/pg', each);
  return text;
}

test('a log for people has its time, level, task, message and fields on one line', () => {
  assert.equal(printed({}, log), '03:04:05 info  acme/pg: Running table=public.users note="two words"\n');
  assert.ok(printed({ color: true }, log).includes('\u001b['));
});

test('a log as JSON names its task among the fields', () => {
  const { fields, ...rest } = JSON.parse(printed({ json: true }, log)) as OpsLog;
  assert.deepEqual(fields, { task: 'acme/pg', ...log.fields });
  assert.deepEqual(rest, { ts: log.ts, level: 'info', message: 'Running' });
});

test('logs below the level are dropped, and so is the one that comes back as the error of the command', () => {
  assert.equal(printed({ level: 'warn' }, log), '');
  assert.equal(printed({}, { ...log, level: 'error', fields: { code: 'PG_SLOT_LOST' } }), '');
  assert.equal(printed({ json: true }, { ...log, level: 'error', fields: { code: 'PG_SLOT_LOST' } }), '');
  assert.notEqual(printed({}, { ...log, level: 'error', fields: {} }), '');
});
