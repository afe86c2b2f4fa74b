import assert from 'node:assert/strict';
import { test } from 'node:test';
import { errors } from './errors.ts';
import { failureText, forTask } from './failure.ts';

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

test('the innermost task is named, and none is weir itself', async () => {
  const failing = (): Promise<never> => Promise.reject(new Error('boom'));
  assert.equal(await textOf(() => forTask('outer', () => forTask('inner', failing))), 'inner: boom');
  assert.equal(await textOf(failing), 'weir: boom');
});
