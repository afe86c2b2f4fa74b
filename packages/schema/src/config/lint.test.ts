import assert from 'node:assert/strict';
import { test } from 'node:test';

import { lintConfigSchema, LINT_RULES, type LintRuleName } from './index.ts';

type Json = Record<string, unknown>;

const described = { title: 'A Field', description: 'Some field.' };
const root = (properties: Json, rest: Json = {}): Json => ({
  type: 'object',
  title: 'Root',
  properties,
  ...rest,
});
const field = (schema: Json, name = 'field'): Json => root({ [name]: { ...described, ...schema } });
const string = { type: 'string' };
const tag = (value: string, rest: Json = {}): Json => ({
  type: 'string',
  const: value,
  default: value,
  ...rest,
});
const variant = (properties: Json): Json => ({
  type: 'object',
  title: 'Variant',
  properties,
  additionalProperties: false,
});
const variants = (...branches: Json[]): Json =>
  field({ type: 'object', discriminator: { propertyName: 'kind' }, oneOf: branches });

/** For each rule, schemas with that fault and no other. */
const FAULTY: Record<LintRuleName, Json[]> = {
  'root-object': [
    { title: 'Root', type: 'object' },
    { title: 'Root', type: 'string', properties: {} },
  ],
  'root-open': [root({}, { additionalProperties: false })],
  'object-closed': [
    field({ type: 'object', properties: {} }),
    field({ type: 'object', additionalProperties: true }),
  ],
  'title-present': [
    root({ field: { ...string, description: 'Some field.' } }),
    { type: 'object', properties: {} },
  ],
  'title-case': [
    field({ ...string, title: 'server Address' }),
    field({ ...string, title: 'Server address' }),
  ],
  'description-present': [root({ field: { ...string, title: 'A Field' } })],
  'description-sentence': [
    field({ ...string, description: 'No period' }),
    field({ ...string, description: 'no capital.' }),
    field({ ...string, description: 'An ellipsis...' }),
  ],
  'no-html': [
    field({ ...string, description: 'See <a href="x">this</a>.' }),
    field({ ...string, description: 'A&nbsp;b.' }),
  ],
  'order-valid': [
    root({ a: { ...described, ...string, order: 1 }, b: { ...described, ...string, order: 1 } }),
    field({ ...string, order: -1 }),
  ],
  'order-present': [{ ...field(string), required: ['field'] }],
  'required-declared': [
    field({ type: 'object', properties: {}, required: ['ghost'], additionalProperties: false }),
  ],
  'secret-name': ['password', 'api_key', 'accessToken', 'client_secret', 'private_key_passphrase'].map(
    (name) => field(string, name),
  ),
  'secret-plain-string': [
    field({ type: ['string', 'null'], secret: true }),
    field({ ...string, secret: true, default: '' }),
    field({ type: 'integer', secret: true }),
  ],
  'secret-list': [field({ type: 'array', items: { ...string, secret: true } })],
  'multiline-key': [
    field({ ...string, secret: true }, 'privateKey'),
    field({ ...string, secret: true }, 'credentials_json'),
  ],
  'boolean-default': [field({ type: 'boolean' })],
  'default-valid': [
    field({ type: 'integer', default: '1' }),
    field({ ...string, enum: ['a'], default: 'b' }),
  ],
  'enum-type': [field({ enum: ['a', 'b'] })],
  'type-present': [field({}), field({ type: 'array', items: {} })],
  'array-items': [field({ type: 'array' })],
  'nullable-scalar': [
    field({ type: ['string', 'integer'] }),
    field({ type: ['object', 'null'], additionalProperties: false }),
  ],
  'one-of-discriminator': [
    field({ type: 'object', oneOf: [variant({ kind: tag('a') })] }),
    variants(variant({ kind: { type: 'string', ...described } })),
  ],
  'discriminator-unique': [variants(variant({ kind: tag('a') }), variant({ kind: tag('a') }))],
  'discriminator-default': [variants(variant({ kind: { type: 'string', const: 'a' } }))],
  'discriminator-first': [variants(variant({ other: { ...string, ...described }, kind: tag('a') }))],
  'described-enum': [field({ ...string, oneOf: [{ const: 'a', description: 'An a.' }, { const: 'b' }] })],
  'advanced-section': [field({ type: 'object', properties: {}, additionalProperties: false }, 'advanced')],
  'pattern-valid': [field({ ...string, pattern: '([' })],
  'no-combinators': [
    field({ ...string, anyOf: [{ minLength: 1 }] }),
    field({ ...string, $ref: '#/$defs/x' }),
  ],
};

for (const [rule, { summary }] of Object.entries(LINT_RULES)) {
  test(`config schemas: ${summary} (${rule})`, () => {
    const examples = FAULTY[rule as LintRuleName];
    assert.ok(examples.length > 0);
    for (const example of examples) {
      const rules = new Set(lintConfigSchema(example).map((finding) => finding.rule));
      assert.deepEqual([...rules], [rule], JSON.stringify(example));
    }
  });
}

test('names and titles that only look faulty are let through', () => {
  const schema = root({
    aws_access_key_id: { ...string, title: 'Access Key ID', description: 'The ID of the key.' },
    token_url: {
      ...string,
      title: 'URL of the Token',
      description: '"Quoted" start. See [docs](https://x.y).',
    },
    keyspace: { ...string, title: 'Keyspace', description: 'Where a < b and b > a.' },
    hidden: { type: 'string', 'x-hidden-field': true },
    session_token: { ...string, ...described, nonsensitive: true },
    limit: { ...described, type: ['integer', 'null'] },
    level: { ...described, type: 'string', oneOf: [{ const: 'a' }, { const: 'b' }] },
  });
  assert.deepEqual(lintConfigSchema(schema), []);
});

test('a finding points at its node', () => {
  const schema = variants(variant({ kind: tag('a'), 'a/b': { ...described, type: 'boolean' } }));
  assert.deepEqual(
    lintConfigSchema(schema).map(({ pointer }) => pointer),
    ['/properties/field/oneOf/0/properties/a~1b'],
  );
});
