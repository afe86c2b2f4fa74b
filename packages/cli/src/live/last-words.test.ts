import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { LogLevel, SupervisorEvent } from '@weir/runtime';
import { LastWords } from './last-words.ts';

function log(
  message: string,
  level: LogLevel = 'error',
  fields: Record<string, unknown> = {},
): SupervisorEvent {
  return { task: 'a', kind: 'log', log: { ts: '', level, message, fields } };
}

function failed(message: string, code = 'CONNECTOR_FAILED'): SupervisorEvent {
  return {
    task: 'a',
    kind: 'failed',
    error: { code, message, fix: '', retry: 'never', stack: '' },
    retryInMs: 1,
  };
}

/** What is told of events that come 100 ms after each other. */
function told(...events: readonly (SupervisorEvent | 'end')[]): string[] {
  const lines: string[] = [];
  const words = new LastWords((event) =>
    lines.push(event.kind === 'log' ? event.log.message : event.kind === 'failed' ? 'failed' : event.kind),
  );
  for (const [index, event] of events.entries()) {
    if (event === 'end') words.release(index * 100, true);
    else words.onEvent(event, index * 100);
    words.release(index * 100);
  }
  return lines;
}

test('the log that a task fails of is told once, with a code or without, also after a last commit', () => {
  const commit: SupervisorEvent = { task: 'a', kind: 'commit', documents: 1, bytes: 1, stored: 1 };
  assert.deepEqual(
    told(log('x', 'info'), log('PG_X: gone\nfix', 'error', { code: 'PG_X' }), failed('gone', 'PG_X')),
    ['x', 'failed'],
  );
  assert.deepEqual(told(log('Traceback'), commit, failed('Traceback')), ['commit', 'failed']);
  assert.deepEqual(told(log('oops'), failed('c was killed by SIGKILL; its last log was: oops')), ['failed']);
});

test('any other error that is logged is told: before the next log, before another failure, in time, at the end', () => {
  assert.deepEqual(told(log('one'), log('two', 'warn')), ['one', 'two']);
  assert.deepEqual(told(log('one'), failed('other')), ['one', 'failed']);
  assert.deepEqual(told(log('one'), 'end'), ['one']);
  const lines: string[] = [];
  const words = new LastWords((event) => lines.push(event.kind));
  words.onEvent(log('one'), 0);
  words.release(1999);
  assert.deepEqual(lines, []);
  words.release(2000);
  assert.deepEqual(lines, ['log']);
});
