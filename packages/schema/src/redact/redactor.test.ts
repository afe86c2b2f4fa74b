/* oxlint-disable unicorn/no-thenable -- a keyword of JSON Schema */
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { test } from 'node:test';

import * as fc from 'fast-check';

import { ExactNumber, type JsonValue } from '../json/index.ts';
import { compileRedactor, type Redactor } from './index.ts';

const salt = Buffer.from('pepper');
const block = { redact: { strategy: 'block' } };
const sha256 = { redact: { strategy: 'sha256' } };

function redactorOf(schema: object): Redactor {
  return compileRedactor(JSON.stringify(schema), salt) ?? assert.fail('the schema redacts nothing');
}

const hashed = (bytes: Buffer | string): string =>
  `sha256:${createHash('sha256')
    .update(Buffer.concat([salt, Buffer.from(bytes as string)]))
    .digest('hex')}`;

function eightBytes(write: (bytes: Buffer) => void): Buffer {
  const bytes = Buffer.alloc(8);
  write(bytes);
  return bytes;
}

test('a schema without the annotation needs no redactor', () => {
  assert.equal(compileRedactor('{"properties":{"a":{"secret":true}}}', salt), undefined);
});

test('block removes properties and items, sha256 replaces values, and the rest is shared', () => {
  const redact = redactorOf({
    properties: {
      ssn: block,
      mail: sha256,
      kept: {},
      list: { items: { if: { type: 'string' }, then: block } },
    },
  });
  const document: JsonValue = { ssn: '1', mail: 'a@b', kept: { deep: 1 }, list: [1, 'x', 2] };
  const redacted = redact(document) as { kept: JsonValue };
  assert.deepEqual(redacted, { mail: hashed('a@b'), kept: { deep: 1 }, list: [1, 2] });
  assert.equal(redacted.kept, document['kept']);
  assert.deepEqual(document['ssn'], '1');
  const clean: JsonValue = { kept: 1, list: [1] };
  assert.equal(redact(clean), clean);
});

test('a digest is of the salt and the bytes of the value, by its type', () => {
  const redact = redactorOf({ items: sha256 });
  const cases: [JsonValue, Buffer | string][] = [
    ['é', 'é'],
    ['', ''],
    [null, ''],
    [true, Buffer.from([1])],
    [false, Buffer.from([0])],
    [-2, eightBytes((bytes) => bytes.writeBigInt64LE(-2n))],
    [2n ** 64n - 1n, eightBytes((bytes) => bytes.writeBigUInt64LE(2n ** 64n - 1n))],
    [1.5, eightBytes((bytes) => bytes.writeDoubleLE(1.5))],
    [new ExactNumber('0.10000000000000000000001'), eightBytes((bytes) => bytes.writeDoubleLE(0.1))],
    [{ b: 9007199254740993n, a: [1] }, '{"a":[1],"b":9007199254740993}'],
  ];
  assert.deepEqual(
    redact(cases.map(([value]) => value)),
    cases.map(([, bytes]) => hashed(bytes)),
  );
});

test('redacting twice is redacting once', () => {
  const redact = redactorOf({ properties: { a: sha256, b: block }, additionalProperties: sha256 });
  fc.assert(
    fc.property(fc.dictionary(fc.constantFrom('a', 'b', 'c', '__proto__'), fc.jsonValue()), (document) => {
      const once = redact(document as JsonValue);
      assert.deepEqual(redact(once), once);
      assert.ok(!Object.hasOwn(once as object, 'b'));
      for (const value of Object.values(once as object))
        assert.match(String(value), /^sha256:[0-9a-f]{64}$/u);
    }),
  );
});

test('where branches disagree the stricter one holds', () => {
  const redact = redactorOf({ properties: { a: { anyOf: [sha256, block] } } });
  assert.deepEqual(redact({ a: 1, b: 2 }), { b: 2 });
});

test('a blocked root and an unknown annotation are refused', () => {
  assert.throws(() => redactorOf(block)({}), { code: 'REDACTION_FAILED' });
  for (const redact of ['block', { strategy: 'md5' }, { strategy: 'block', more: 1 }]) {
    assert.throws(() => redactorOf({ properties: { a: { redact } } }), { code: 'SCHEMA_INVALID' });
  }
});
