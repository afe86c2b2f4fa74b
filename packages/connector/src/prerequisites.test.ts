import assert from 'node:assert/strict';
import { test } from 'node:test';
import { defineErrors } from '@weir/protocol';
import { describeFailure } from './failure.ts';
import { prerequisiteError } from './prerequisites.ts';

const errors = defineErrors({ IT_IS_OFF: { summary: 'It is off.', fix: 'Turn it on.', retry: 'never' } });

test('one error lists what failed, and tells each failure with its code and its advice', () => {
  const off = errors.IT_IS_OFF({ message: 'the first is off' });
  const { message, code, failures } = describeFailure('source-x', prerequisiteError([off, new Error('odd')]));
  assert.equal(code, 'CONNECTOR_PREREQUISITES');
  assert.match(message, /because:\n - the first is off\n {3}Turn it on\.\n - odd/);
  assert.deepEqual(failures, [
    { code: 'IT_IS_OFF', message: 'the first is off', fix: 'Turn it on.' },
    { code: '', message: 'odd', fix: '' },
  ]);
});

test('people read twenty of many failures, and a line of log holds at most five hundred', () => {
  const many = Array.from({ length: 503 }, (_, index) =>
    errors.IT_IS_OFF({ message: `number ${index} is off` }),
  );
  const error = prerequisiteError(many);
  assert.match(error.message, / - number 19 is off\n {3}Turn it on\.\n - and 483 more$/);
  assert.equal(error.failures.length, 501);
  assert.equal(error.failures[499]?.message, 'number 499 is off');
  assert.equal(error.failures[500]?.message, 'and 3 more');
});
