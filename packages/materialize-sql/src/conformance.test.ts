import { test } from 'node:test';
import { checkNamedTests } from '@weir/testing';

test('every test that the list of conformance names exists', () => {
  checkNamedTests(new URL('../conformance.md', import.meta.url), 8);
});
