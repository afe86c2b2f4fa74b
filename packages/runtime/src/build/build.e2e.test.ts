// Builds through scripted connectors and through source-hello-world.

import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { loadCatalog } from '../catalog/load-catalog.ts';
import type { CaptureModel, MaterializationModel } from '../catalog/model.ts';
import type { Catalog } from '../catalog/load-catalog.ts';
import { buildCapture } from './build-capture.ts';
import { buildMaterialization } from './build-materialization.ts';
import type { BuildMaterializationOptions, BuiltMaterialization } from './build-materialization.ts';

const fake = join(import.meta.dirname, '../../test/fake-connector.mjs');
const folder = mkdtempSync(join(tmpdir(), 'weir-build-'));
after(() => rmSync(folder, { recursive: true }));

const collections = `
collections:
  acme/users:
    key: [/id]
    schema:
      type: object
      properties: {id: {type: integer}, name: {type: string}, note: {type: string}}
      required: [id]
  acme/derived:
    key: [/id]
    schema: {type: object, properties: {id: {type: integer}}, required: [id]}
    derive: {using: {sqlite: {}}, transforms: []}
`;

async function load(name: string, text: string): Promise<Catalog> {
  const path = join(folder, name);
  writeFileSync(path, text);
  return await loadCatalog(path);
}

function captureOf(catalog: Catalog, name: string): CaptureModel {
  const model = catalog.captures.get(name);
  assert.ok(model !== undefined);
  return model;
}

test('a capture is validated by its connector and gets resource paths, state keys and a version', async () => {
  const catalog = await load(
    'hello.yaml',
    `${collections}
captures:
  acme/hello:
    endpoint: {connector: {image: source-hello-world, config: {rate: 10}}}
    interval: 10s
    bindings:
      - {resource: {name: greet ings, prefix: "Hi {}"}, target: acme/users, backfill: 2}
      - {resource: {name: off, prefix: "Hi {}"}, target: acme/users, disable: true}
`,
  );
  const model = captureOf(catalog, 'acme/hello');
  const { spec, version, endpoint } = await buildCapture(catalog, model);
  assert.deepEqual(
    spec.bindings.map((binding) => [
      binding.resourcePath,
      binding.backfill,
      binding.stateKey,
      binding.collection.name,
    ]),
    [[['greet ings'], 2, 'greet%20ings.v2', 'acme/users']],
  );
  assert.deepEqual([spec.intervalSeconds, spec.config, spec.connectorType], [10, '{"rate":10}', 'IMAGE']);
  assert.equal(endpoint.command.codec, 'proto');
  const again = await buildCapture(catalog, model, { last: spec, lastVersion: version });
  assert.equal(again.version, version);
  const backfilled = await buildCapture(catalog, model, {
    backfills: new Map([['greet%20ings', { count: 1, least: 0 }]]),
  });
  assert.deepEqual(
    backfilled.spec.bindings.map((binding) => binding.stateKey),
    ['greet%20ings.v3'],
  );
  assert.notEqual(backfilled.version, version);
});

async function materialize(
  constraints: Record<string, object>,
  binding: string,
  options: BuildMaterializationOptions = {},
  extra = '',
  source = 'acme/users',
): Promise<BuiltMaterialization> {
  const validated = { bindings: [{ resourcePath: ['users'], constraints, deltaUpdates: true }] };
  const command = JSON.stringify([
    process.execPath,
    fake,
    JSON.stringify({ answers: { validate: { validated } } }),
  ]);
  const catalog = await load(
    `m${Math.random()}.yaml`,
    `${collections}
materializations:
  acme/out:
    endpoint: {local: {command: ${command}, config: {}}}${extra}
    bindings:
      - {resource: {table: users}, source: ${source}${binding}}
`,
  );
  const model: MaterializationModel | undefined = catalog.materializations.get('acme/out');
  assert.ok(model !== undefined);
  return await buildMaterialization(catalog, model, options);
}

const optional = { type: 'FIELD_OPTIONAL' };
const usual = {
  id: { type: 'LOCATION_REQUIRED' },
  name: optional,
  flow_document: { type: 'LOCATION_REQUIRED' },
};

test('a materialization gets its fields from constraints and catalog', async () => {
  const { spec } = await materialize(
    { ...usual, note: optional },
    ', priority: 3, fields: {recommended: true, exclude: [name], require: {note: {wide: true}}}',
  );
  const [binding] = spec.bindings;
  assert.deepEqual(binding?.fieldSelection, {
    keys: ['id'],
    values: ['note'],
    document: 'flow_document',
    fieldConfig: { note: '{"wide":true}' },
  });
  assert.deepEqual([binding.deltaUpdates, binding.priority, binding.stateKey], [true, 3, 'users']);
  assert.equal(binding.journalReadSuffix, 'materialize/acme/out/users');
});

test('a field that is required and cannot be is an error with the place of the binding and the reason', async () => {
  await assert.rejects(
    materialize(
      { ...usual, note: { type: 'FIELD_FORBIDDEN', reason: 'too long' } },
      ', fields: {require: {note: {}}}',
    ),
    {
      code: 'BUILD_FIELD_CONFLICT',
      message: /^\S*yaml:\d+:\d+: the fields of acme\/users[^]*note[^]*too long/,
    },
  );
});

test('an incompatible change follows its policy: backfill, abort, or leave the binding out', async () => {
  const { spec: last } = await materialize(usual, '');
  const broken = { ...usual, name: { type: 'INCOMPATIBLE', reason: 'was a number' } };
  const backfilled = await materialize(broken, '', { last });
  assert.deepEqual([...backfilled.requestedBackfills], [['users', 1]]);
  assert.deepEqual(
    backfilled.spec.bindings.map(({ stateKey, backfill }) => [stateKey, backfill]),
    [['users.v1', 1]],
  );
  await assert.rejects(materialize(broken, ', onIncompatibleSchemaChange: abort', { last }), {
    code: 'BUILD_INCOMPATIBLE',
    message: /was a number/,
  });
  const without = await materialize(broken, '', { last }, '\n    onIncompatibleSchemaChange: disableBinding');
  assert.deepEqual([without.spec.bindings.length, without.spec.inactiveBindings.length], [0, 1]);
  assert.match(without.leftOut[0] ?? '', /was a number/);
});

test('a field whose name the destination cannot tell from another one is said to get no column', async () => {
  const named = (foldedField: string): object => ({ ...optional, foldedField });
  const built = await materialize({ ...usual, name: named('n'), note: named('n') }, '');
  assert.deepEqual(built.spec.bindings[0]?.fieldSelection.values, ['name']);
  assert.match(
    built.leftOut.join(),
    /^\S*yaml:\d+:\d+: the field "note" of acme\/users is in the document only/,
  );
  assert.deepEqual((await materialize({ ...usual, note: optional }, '')).leftOut, []);
});

test('a derived collection as a source is refused, because nothing computes it', async () => {
  await assert.rejects(materialize(usual, '', {}, '', 'acme/derived'), {
    code: 'BUILD_UNSUPPORTED',
    message: /reads acme\/derived, which is derived \([^)]*\.yaml:\d+:3\)/,
  });
});

test('a selection of partitions is refused, because it would not be kept', async () => {
  const source = '{name: acme/users, partitions: {include: {region: [eu]}}}';
  await assert.rejects(materialize(usual, '', {}, '', source), {
    code: 'BUILD_UNSUPPORTED',
    message: /"region"/,
  });
});
