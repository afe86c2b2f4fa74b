import assert from 'node:assert/strict';
import { test } from 'node:test';
import { connectorFailure } from './failure.ts';

const failed = { code: 1, signal: null };
const log = (
  message: string,
  fields: Record<string, unknown> = {},
): Parameters<typeof connectorFailure>[2] => ({
  ts: '',
  level: 'error',
  message,
  fields,
});

test('the last log is the error, with the code of the connector', () => {
  const error = connectorFailure(
    'source-x',
    failed,
    log('PG_SLOT_LOST: The slot is gone.\nRun this.', { code: 'PG_SLOT_LOST' }),
  );
  assert.equal(error.explain(), 'PG_SLOT_LOST: The slot is gone.\nRun this.');
  assert.equal(error.retry, 'backoff');
});

test('what to do is kept apart when the connector says which part of its log that is', () => {
  const fields = { code: 'PG_SLOT_LOST', fix: 'Run this.' };
  const error = connectorFailure('source-x', failed, log('PG_SLOT_LOST: It is gone.\nRun this.', fields));
  assert.deepEqual([error.message, error.fix], ['It is gone.', 'Run this.']);
  const other = connectorFailure('source-x', failed, log('PG_SLOT_LOST: It is gone.', fields));
  assert.deepEqual([other.message, other.fix], ['It is gone.', '']);
});

test('several failures of one error are kept apart when the connector tells them one by one', () => {
  const failures = [
    { code: 'PG_A', message: 'It is off.', fix: 'Turn it on.' },
    { code: '', message: 'It is far.', fix: '' },
  ];
  const listed = log('A_LIST: It cannot run because:\n - It is off.', { code: 'A_LIST', failures });
  assert.deepEqual(connectorFailure('source-x', failed, listed).failures, failures);
  for (const other of [undefined, 'no', [{ ...failures[0], fix: 1 }, failures[1]], [null]]) {
    const odd = log('A_LIST: It cannot.', { code: 'A_LIST', failures: other });
    assert.deepEqual(connectorFailure('source-x', failed, odd).failures, []);
  }
});

test('a connector may say that trying again is useless', () => {
  assert.equal(
    connectorFailure('source-x', failed, log('no', { code: 'A_B', retry: 'never' })).retry,
    'never',
  );
});

test('a log without a code, or with a strange one, fails as CONNECTOR_FAILED', () => {
  for (const fields of [{}, { code: 42 }, { code: 'ECONNREFUSED' }]) {
    assert.equal(
      connectorFailure('source-x', failed, log('cannot', fields)).explain(),
      'CONNECTOR_FAILED: cannot',
    );
  }
});

test('no log at all, and a signal, are said', () => {
  assert.match(
    connectorFailure('source-x', failed, undefined).message,
    /exited with status 1 with no log output/,
  );
  const killed = { code: null, signal: 'SIGKILL' } as const;
  assert.match(connectorFailure('source-x', killed, log('working')).message, /killed by SIGKILL.*working/);
});
