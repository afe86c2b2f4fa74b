import assert from 'node:assert/strict';
import { test } from 'node:test';
import { quoteIdentifier, quoteLiteral, quoteQualified, quoteReplicationLiteral } from './quoting.ts';

test('identifiers are always quoted, their quotes doubled', () => {
  assert.equal(quoteIdentifier('we"ird Täble'), '"we""ird Täble"');
  assert.equal(quoteQualified('Public', 't'), '"Public"."t"');
  assert.throws(() => quoteIdentifier('a\0b'), TypeError);
});

test('a literal with a backslash means the same under both settings of standard_conforming_strings', () => {
  assert.equal(quoteLiteral("it's"), "'it''s'");
  assert.equal(quoteLiteral("a\\b'c"), " E'a\\\\b''c'");
  assert.equal(quoteReplicationLiteral("a\\b'c"), "'a\\b''c'");
});
