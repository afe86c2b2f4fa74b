import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { RuntimeStatus } from '@weir/runtime';
import { noteLines, taskTable } from '../commands/status.ts';
import { taskRows } from './status-rows.ts';
import type { TaskStates } from './task-states.ts';

const owner = { pid: 7, host: 'here', since: '2026-01-02T03:04:05.678Z' };
const status: RuntimeStatus = {
  owner,
  collections: [],
  tasks: [
    {
      name: 'acme/sink',
      kind: 'materialization',
      transactions: 2,
      lastCommitMs: 1000,
      bindings: [
        { stateKey: 'a', documents: 3, bytes: 30 },
        { stateKey: 'b', documents: 4, bytes: 1470 },
      ],
      lagBytes: 12,
      askedBackfills: [['public', 'users']],
    },
  ],
};
const error = { code: 'CONFIG_INVALID', message: 'No host.', fix: '' };
const states: TaskStates = {
  pid: 7,
  tasks: {
    'acme/sink': { kind: 'materialization', phase: 'caught up' },
    'acme/bad': { kind: 'capture', phase: 'failed', error },
  },
};

test('tasks that never got as far as the store are shown with why, and bindings are summed up', () => {
  const rows = taskRows(status, states);
  assert.deepEqual(
    rows.map(({ name, phase, documents, bytes }) => [name, phase, documents, bytes]),
    [
      ['acme/bad', 'failed', 0, 0],
      ['acme/sink', 'caught up', 7, 1500],
    ],
  );
  assert.deepEqual(rows[0]?.error, error);
  assert.equal(
    taskTable(rows, 3000),
    [
      'TASK       KIND             STATE      DOCUMENTS  SIZE    TRANSACTIONS  LAG   LAST CHECKPOINT',
      'acme/bad   capture          failed     0          0 B     0                   none yet',
      'acme/sink  materialization  caught up  7          1.5 kB  2             12 B  2.0 s ago',
      '',
    ].join('\n'),
  );
});

test('backfills that are still to come and what lies before a reset are told below the tables', () => {
  const collections = [
    { name: 'acme/users', documents: 3, bytes: 2000, bytesBeforeReset: 1500 },
    { name: 'acme/orders', documents: 3, bytes: 2000, bytesBeforeReset: 0 },
  ];
  assert.equal(
    noteLines(taskRows(status, states), collections),
    '\nacme/sink: a backfill of public.users is asked for, and begins when the task is started next.\n' +
      'acme/users: 1.5 kB of it lie before a reset, and are not read.\n',
  );
  assert.equal(noteLines([], []), '');
});

test('what another process said last does not pass for the present', () => {
  const phases = (each: RuntimeStatus): string[] => taskRows(each, states).map(({ phase }) => phase);
  assert.deepEqual(phases({ ...status, owner: { ...owner, pid: 8 } }), ['starting', 'starting']);
  assert.deepEqual(phases({ ...status, owner: undefined }), ['failed', 'not running']);
  assert.deepEqual(
    taskRows(status, undefined).map(({ phase }) => phase),
    ['starting'],
  );
});
