import assert from 'node:assert/strict';
import { test } from 'node:test';
import { errors } from './errors.ts';
import { failureJson, failureText, forTask } from './failure.ts';

async function textOf(run: () => Promise<unknown>): Promise<string> {
  return await run().then(
    () => assert.fail('it did not fail'),
    (error: unknown) => failureText(error),
  );
}

test('an error names its task, its code, what happened and what to do, on two lines', async () => {
  const failing = (): Promise<never> => Promise.reject(errors.FIXTURE_NEEDED({ message: 'No fixture.' }));
  assert.equal(
    await textOf(() => forTask('acme/out', failing)),
    'acme/out: FIXTURE_NEEDED: No fixture.\nGive it documents with --fixture, or materialize captured ones with `weir run`.',
  );
});

test('with JSON logs a failure is a log line with the code and the task', async () => {
  const error = errors.FIXTURE_NEEDED({ message: 'No fixture.', fix: 'Give one.' });
  await assert.rejects(forTask('acme/out', () => Promise.reject(error)));
  assert.equal(
    failureJson(error, new Date(0)),
    '{"ts":"1970-01-01T00:00:00.000Z","level":"error","message":"No fixture.","fields":{"task":"acme/out","code":"FIXTURE_NEEDED","fix":"Give one."}}',
  );
});

test('the innermost task is named, and none is weir itself', async () => {
  const failing = (): Promise<never> => Promise.reject(new Error('boom'));
  assert.equal(await textOf(() => forTask('outer', () => forTask('inner', failing))), 'inner: boom');
  assert.equal(await textOf(failing), 'weir: boom');
});
