import { test } from 'node:test';
import { checkNamedTests } from '@weir/testing';

test('every test that the list of conformance names is there', () => {
  checkNamedTests(new URL('../conformance.md', import.meta.url), 25);
});
