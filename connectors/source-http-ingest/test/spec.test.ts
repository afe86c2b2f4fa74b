import assert from 'node:assert/strict';
import { generateKeyPairSync } from 'node:crypto';
import { test } from 'node:test';
import type { CaptureBinding, ValidatedResource } from '@weir/capture';
import { catalogue as kitCatalogue } from '@weir/cdk';
import { silentLog } from '@weir/cdk/testing';
import { configSchemaText, decodeConfig, lintConfigSchema } from '@weir/schema';
import { checkNamedTests, checkReadmeTables, matchSnapshot } from '@weir/testing';
import { catalogue } from '../src/errors.ts';
import { httpIngest } from '../src/http-ingest.ts';
import { openApi } from '../src/openapi.ts';
import type { IngestConfig, IngestResource } from '../src/spec.ts';

const capture = httpIngest({ env: {} });
const context = {
  log: silentLog,
  signal: new AbortController().signal,
  taskName: 'acme/ingest',
  preview: undefined,
};

function decoded(config: object): IngestConfig {
  const value = decodeConfig(capture.spec.configSchema, JSON.stringify(config), { what: 'it' });
  capture.checkConfig?.(value);
  return value;
}

function binding(
  resource: IngestResource,
  index = 0,
  writeSchema = '{"type":"object"}',
): ValidatedResource<IngestResource> {
  const collection = {
    name: `acme/c${index}`,
    key: ['/_meta/webhookId'],
    uuidPtr: '/_meta/uuid',
    partitionFields: [],
    projections: [],
    writeSchema,
  };
  return { index, resource, backfill: 0, collection };
}

const validate = (config: object, ...resources: IngestResource[]) =>
  capture.validate(
    decoded(config),
    resources.map((resource, index) => binding(resource, index)),
    context,
    undefined,
  );

test('the schemas of the spec keep the guidelines for configurations, and are as recorded', () => {
  const { configSchema, resourceSchema } = capture.spec;
  assert.deepEqual([lintConfigSchema(configSchema), lintConfigSchema(resourceSchema)], [[], []]);
  const schemas = [configSchema, resourceSchema].map((schema) =>
    JSON.stringify(JSON.parse(configSchemaText(schema)), null, 2),
  );
  matchSnapshot(import.meta.url, 'spec.txt', schemas.join('\n'));
});

test('a binding is discovered for each path, with its parameters; without paths there is one', async () => {
  const found = await capture.discover(decoded({ paths: ['/foo', '/shops/{shop}/orders'] }), context);
  matchSnapshot(import.meta.url, 'discovered.txt', JSON.stringify(found, null, 2));
  const [standard] = await capture.discover(decoded({}), context);
  assert.deepEqual(standard?.resource, { stream: '/webhook-data', path: '/webhook-data' });
  const [early] = await capture.discover(decoded({ paths: [] }), context);
  assert.deepEqual(
    [early?.resource, early?.resourcePath, early?.recommendedName],
    [{}, ['webhook-data'], 'webhook-data'],
  );
});

test('paths that are called the same without their braces have names of their own, and one that is given twice is one', async () => {
  const paths = ['/a/{b}', '/a/b', '/{a}/b', '/a/b'];
  const found = await capture.discover(decoded({ paths }), context);
  assert.deepEqual(
    found.map(({ recommendedName, resource }) => [recommendedName, resource.path]),
    [
      ['a/b', '/a/{b}'],
      ['a/b_2', '/a/b'],
      ['a/b_3', '/{a}/b'],
    ],
  );
});

test('resource paths are the names of streams; a binding without one has a name of its own', async () => {
  assert.deepEqual(await validate({}, { stream: '/webhook-data', path: '/webhook-data' }), [
    ['/webhook-data'],
  ]);
  assert.deepEqual(await validate({}, {}), [['webhook-data']]);
  assert.deepEqual(await validate({ paths: ['/a'] }, { stream: 's', path: '/a' }), [['s']]);
  assert.deepEqual(await validate({ paths: ['/a.json'] }, { stream: 's', path: 'a.json' }), [['s']]);
});

test('paths that no binding takes, that two take, or that are none, are refused', async () => {
  await assert.rejects(validate({ paths: ['/a', '/b'] }, { stream: 'a', path: '/a' }), {
    code: 'HTTP_INGEST_PATH_UNBOUND',
  });
  const twice = validate(
    { paths: ['/a/{x}'] },
    { stream: '1', path: '/a/{x}' },
    { stream: '2', path: '/a/{y}' },
  );
  await assert.rejects(twice, { code: 'CDK_WEBHOOK_CONFLICT' });
  await assert.rejects(validate({ paths: ['/a{b'] }, { stream: '1', path: '/a{b' }), {
    code: 'CDK_WEBHOOK_INVALID',
  });
  assert.throws(() => decoded({ paths: ['a'] }), { code: 'CONFIG_INVALID' });
});

test('origins are origins; * stands alone, and not beside a token', () => {
  decoded({ allowedCorsOrigins: ['*'] });
  decoded({ allowedCorsOrigins: [] });
  decoded({ allowedCorsOrigins: ['https://a.example', 'http://localhost:3000'], requireAuthToken: 't' });
  decoded({ requireAuthToken: 't' });
  for (const config of [
    { allowedCorsOrigins: ['*', 'https://a.example'] },
    { allowedCorsOrigins: ['*'], requireAuthToken: 't' },
    { allowedCorsOrigins: ['https://a.example/path'] },
    { allowedCorsOrigins: ['a.example'] },
  ]) {
    assert.throws(() => decoded(config), { code: 'HTTP_INGEST_ORIGINS_INVALID' }, JSON.stringify(config));
  }
});

test('every provider of signatures is accepted; what cannot be checked is refused before anything listens', () => {
  const { publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const pem = publicKey.export({ type: 'spki', format: 'pem' });
  const custom = { provider: 'custom', signatureHeader: 'X-Sig' };
  for (const signatureConfig of [
    { provider: 'none' },
    { provider: 'twilio', publicKey: pem },
    { provider: 'zoom', secret: 's', maxSignatureAge: 1 },
    { provider: 'knock', secret: 's', maxSignatureAge: 259_200 },
    { ...custom, algorithm: 'ecdsa', publicKey: pem },
    { ...custom, algorithm: 'hmac_sha256', secret: 's', signatureEncoding: 'hex' },
    {
      ...custom,
      algorithm: 'hmac_sha256',
      secret: 's',
      timestampHeader: 'X-T',
      signingStringTemplate: 'v1:{TIMESTAMP}:{PAYLOAD}',
    },
  ]) {
    decoded({ signatureConfig });
  }
  for (const signatureConfig of [
    { ...custom, algorithm: 'ecdsa', secret: 's' },
    { ...custom, algorithm: 'hmac_sha256', publicKey: pem },
    { ...custom, algorithm: 'hmac_sha256', secret: 's', signingStringTemplate: 'no body' },
    { ...custom, algorithm: 'hmac_sha256', secret: 's', signingStringTemplate: '{PAYLOAD}{PAYLOAD}' },
    { ...custom, algorithm: 'hmac_sha256', secret: 's', signingStringTemplate: '{TIMESTAMP}{PAYLOAD}' },
    {
      ...custom,
      algorithm: 'hmac_sha256',
      secret: 's',
      timestampHeader: 'X-T',
      signingStringTemplate: '{PAYLOAD}',
    },
  ]) {
    assert.throws(() => decoded({ signatureConfig }), { code: 'HTTP_INGEST_SIGNATURE_INVALID' });
  }
  assert.throws(() => decoded({ signatureConfig: { provider: 'twilio', publicKey: 'x' } }), {
    code: 'CDK_WEBHOOK_INVALID',
  });
  for (const maxSignatureAge of [0, 259_201]) {
    assert.throws(() => decoded({ signatureConfig: { provider: 'zoom', secret: 's', maxSignatureAge } }), {
      code: 'CONFIG_INVALID',
    });
  }
});

test('the OpenAPI document says what is sent where, and is as recorded', () => {
  const writeSchema = '{"type":"object","required":["n"],"properties":{"n":{"type":"integer"}}}';
  const bindings = [
    binding({ stream: 'a', path: '/a/{x}', idFromHeader: 'X-Webhook-Id' }, 0, writeSchema),
    binding({}, 1),
  ] as CaptureBinding<IngestResource>[];
  const made = JSON.stringify(openApi(bindings, true), null, 2);
  matchSnapshot(import.meta.url, 'openapi.txt', made);
  assert.doesNotMatch(JSON.stringify(openApi(bindings, false)), /bearer|401/);
});

test('the tables of the README are those of the schemas and of the errors', () => {
  const kit = Object.entries(kitCatalogue).filter(([code]) => code.startsWith('CDK_WEBHOOK_'));
  const { configSchema, resourceSchema } = capture.spec;
  const errors = { ...catalogue, ...Object.fromEntries(kit) };
  checkReadmeTables(import.meta.url, { config: configSchema, resource: resourceSchema }, errors);
});

test('every test that the list of conformance names is there', () => {
  checkNamedTests(new URL('../conformance.md', import.meta.url), 15);
});
