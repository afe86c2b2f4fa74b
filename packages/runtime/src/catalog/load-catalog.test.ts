import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { after, test } from 'node:test';
import { WeirError } from '@weir/protocol';
import { loadCatalog } from './load-catalog.ts';
import type { Catalog } from './load-catalog.ts';

const folders: string[] = [];
after(() => {
  for (const folder of folders) rmSync(folder, { recursive: true });
});

function write(files: Record<string, string>): string {
  const folder = mkdtempSync(join(tmpdir(), 'weir-catalog-'));
  folders.push(folder);
  for (const [name, text] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, name)), { recursive: true });
    writeFileSync(join(folder, name), text);
  }
  return join(folder, 'flow.yaml');
}

async function load(text: string, files: Record<string, string> = {}): Promise<Catalog> {
  return await loadCatalog(write({ ...files, 'flow.yaml': text }));
}

/** The message of the error, with the folder's path taken off the places. */
async function problemsOf(text: string, files: Record<string, string> = {}): Promise<string[]> {
  const path = write({ ...files, 'flow.yaml': text });
  const error: unknown = await loadCatalog(path).then(
    () => assert.fail('the catalog was accepted'),
    (reason: unknown) => reason,
  );
  assert.ok(error instanceof WeirError);
  assert.equal(error.code, 'CATALOG_INVALID');
  return error.message.split('\n').map((line) => line.replaceAll(/\S*weir-catalog-[^/]+\//g, ''));
}

const people = `
collections:
  acme/people:
    schema: {type: object, properties: {id: {type: integer}}, required: [id]}
    key: [/id]
`;

const capture = `
captures:
  acme/hello:
    endpoint:
      connector: {image: "ghcr.io/estuary/source-hello-world:v1", config: {rate: 1.50, big: 12345678901234567890}}
    interval: 1m 30s
    bindings:
      - resource: {name: greetings}
        target: acme/people
`;

test('a catalog gives its captures, collections and materializations, numerals as written', async () => {
  const catalog = await load(`${people}${capture}
materializations:
  acme/out:
    onIncompatibleSchemaChange: abort
    endpoint: {local: {command: [sh, sink.sh], config: {path: out}, env: {X: "1"}, protobuf: true}}
    bindings:
      - resource: {table: people}
        source: {name: acme/people, notBefore: 2024-01-02T03:04:05Z, partitions: {include: {region: [eu, 1]}}}
        priority: 2
        backfill: 3
        fields: {recommended: 1, require: {id: {}, name: }, exclude: [x], groupBy: [id]}
`);
  const hello = catalog.captures.get('acme/hello');
  assert.equal(hello?.endpoint.config, '{"rate":1.50,"big":12345678901234567890}');
  assert.equal(hello.intervalSeconds, 90);
  assert.deepEqual(
    hello.bindings.map(({ resource, target }) => [resource, target]),
    [['{"name":"greetings"}', 'acme/people']],
  );
  const out = catalog.materializations.get('acme/out');
  assert.deepEqual(out?.endpoint.connector, {
    kind: 'local',
    command: ['sh', 'sink.sh'],
    env: { X: '1' },
    protobuf: true,
  });
  const [binding] = out.bindings;
  assert.deepEqual(binding?.source, {
    collection: 'acme/people',
    include: { region: ['"eu"', '1'] },
    exclude: {},
    notBefore: '2024-01-02T03:04:05Z',
  });
  assert.deepEqual(binding.fields, {
    recommended: 1,
    require: { id: '{}', name: '{}' },
    exclude: ['x'],
    groupBy: ['id'],
  });
  assert.deepEqual([binding.priority, binding.backfill, binding.onIncompatibleSchemaChange], [2, 3, 'abort']);
});

test('an unknown key is refused with its place and the key that was meant', async () => {
  assert.deepEqual(await problemsOf(`${people}${capture.replace('interval:', 'intervall:')}`), [
    'flow.yaml:11:5: Unknown key "intervall" in acme/hello. Did you mean "interval"?',
  ]);
  assert.deepEqual(await problemsOf('colections: {}\n'), [
    'flow.yaml:1:1: Unknown key "colections" in a catalog file. Did you mean "collections"?',
  ]);
  assert.deepEqual(await problemsOf(people.replace('key:', 'unrelated: 1\n    key:')), [
    'flow.yaml:5:5: Unknown key "unrelated" in acme/people.',
  ]);
});

test('keys that only Flow obeys are read as strictly as the others', async () => {
  const problems = await problemsOf(`${people}
storageMappings: {x: 7, y/: {stores: [{provider: S4, bucket: b}]}}
tests: 5
materializations:
  acme/out:
    source: {captur: acme/hello, fieldsRecommended: deep}
    syncSchedule: {nonsense: true, baseInterval: 5m, windows: [{start: 7}]}
    triggers: hello
    shards: {minTxnDuration: long, flags: 3}
    endpoint: {local: {command: [sh], config: {}}}
`);
  assert.deepEqual(
    problems.map((line) => line.replace(/^flow\.yaml:(\d+):\d+: /, '$1: ')),
    [
      '7: x has to be a map.',
      '7: x needs the key "stores".',
      '7: provider has to be one of S3, GCS, AZURE, CUSTOM. Did you mean "S3"?',
      '8: tests has to be a map.',
      '11: Unknown key "captur" in acme/out.source. Did you mean "capture"?',
      '11: acme/out.source.fieldsRecommended has to be true or false.',
      '13: acme/out.triggers has to be a map.',
      '12: Unknown key "nonsense" in acme/out.syncSchedule.',
      '12: acme/out.syncSchedule.windows[0].start has to be a string.',
      '14: acme/out.shards.minTxnDuration has to be a duration such as "5m" or "1h 30m".',
      '14: acme/out.shards.flags has to be a map.',
    ],
  );
  assert.deepEqual(
    await problemsOf('tests: {acme/t: [{ingst: {}}, {verify: {collection: a, documents: 3}}]}\n'),
    [
      'flow.yaml:1:19: Unknown key "ingst" in acme/t[0]. Did you mean "ingest"?',
      'flow.yaml:1:18: acme/t[0] needs exactly one of "ingest", "verify".',
      'flow.yaml:1:56: acme/t[1].verify.documents has to be a string.',
    ],
  );
  const derived = people.replace('    key', '    derive: {usng: {}, transforms: [{lamda: x}]}\n    key');
  assert.deepEqual(await problemsOf(derived), [
    'flow.yaml:5:14: Unknown key "usng" in acme/people.derive. Did you mean "using"?',
    'flow.yaml:5:5: acme/people.derive needs the key "using".',
    'flow.yaml:5:38: Unknown key "lamda" in acme/people.derive.transforms[0]. Did you mean "lambda"?',
    'flow.yaml:5:37: acme/people.derive.transforms[0] needs the key "source".',
  ]);
});

test('a key that has no effect here is told once, with its first place, and keeps no catalog from loading', async () => {
  const catalog =
    await load(`${people.replace('    key', '    derive: {using: {sqlite: {}}, transforms: []}\n    key')}${capture.replace(
      '    interval',
      '    autoDiscover: {addNewBindings: true}\n    shards: {minTxnDuration: 5m, disable: false}\n    interval',
    )}
materializations:
  acme/out:
    source: acme/hello
    expectPubId: 00:00
    shards: {minTxnDuration: 1m}
    triggers: {}
    endpoint: {local: {command: [sh], config: {}}}
storageMappings: {acme/: {stores: [{provider: S3, bucket: b, prefix: p/}]}}
tests: {acme/t: [{ingest: {collection: acme/people, documents: [{id: 1}]}}, {verify: {collection: acme/people, documents: d.yaml}}]}
`);
  assert.deepEqual(
    catalog.warnings.map((line) =>
      line.replace(/^\S*flow\.yaml:(\d+):\d+: /, '$1: ').replace(/ has no effect here: [^.]*\./, ''),
    ),
    [
      '26: storageMappings',
      '27: tests',
      '5: derive',
      '12: autoDiscover',
      '13: shards.minTxnDuration (So in 2 places.)',
      '22: expectPubId',
      '21: a materialization’s source',
      '24: triggers',
    ],
  );
  assert.deepEqual((await load(`${people}${capture}`)).warnings, []);
});

test('every problem is reported at once', async () => {
  const problems = await problemsOf(`
captures:
  acme/hello:
    endpoint: {local: {command: [], config: 3}}
    interval: soon
    bindings:
      - {resource: {}, backfill: -1, target: x}
`);
  assert.deepEqual(problems, [
    'flow.yaml:7:24: acme/hello.bindings[0].backfill has to be an integer from 0 to 4294967295.',
    'flow.yaml:4:24: endpoint.local.command has to name a program.',
    'flow.yaml:4:37: acme/hello.endpoint.local.config has to be an object or a path to a file.',
    'flow.yaml:5:5: acme/hello.interval has to be a duration such as "5m" or "1h 30m".',
  ]);
});

test('an interval below a second is a second, and not no pause at all', async () => {
  const secondsOf = async (interval: string): Promise<number | undefined> =>
    (await load(`${people}${capture.replace('1m 30s', interval)}`)).captures.get('acme/hello')
      ?.intervalSeconds;
  assert.deepEqual(await Promise.all(['500ms', '1500ms', '0s', '5m'].map(secondsOf)), [1, 2, 0, 300]);
});

test('a binding of a collection that does not exist is refused, unless it is disabled', async () => {
  const text = `${people}${capture.replace('target: acme/people', 'target: acme/poeple')}`;
  assert.deepEqual(await problemsOf(text), [
    'flow.yaml:14:9: There is no collection "acme/poeple" for this binding to write to. Did you mean "acme/people"?',
  ]);
  const path = write({ 'flow.yaml': text });
  assert.equal((await loadCatalog(path, { allowMissingCollections: true })).captures.size, 1);
  const disabled = text.replace('target: acme/poeple', 'disable: true\n        target: acme/poeple');
  assert.equal((await load(disabled)).captures.get('acme/hello')?.bindings[0]?.disable, true);
});

test('syntax errors and duplicate keys have their place', async () => {
  assert.match((await problemsOf('captures: {a: [}\n'))[0] ?? '', /^flow\.yaml:1:1\d: /);
  assert.match(
    (await problemsOf('captures: {}\ncaptures: {}\n'))[0] ?? '',
    /^flow\.yaml:2:1: The key "captures" stands twice in this map, first in line 1\.$/,
  );
});

test('a root that does not exist cannot be read, and an import that does not exist is a problem at its place', async () => {
  await assert.rejects(loadCatalog('/nonexistent/flow.yaml'), {
    code: 'CATALOG_UNREADABLE',
    message: /no such file/,
  });
  assert.deepEqual(await problemsOf('import:\n  - other.yaml\n'), [
    'flow.yaml:2:5: Cannot read other.yaml: there is no such file.',
  ]);
});

test('imports are read transitively, once each, relative to the file that names them', async () => {
  const catalog = await load(`import: [sub/a.yaml]\n${capture}`, {
    'sub/a.yaml': 'import: [b.json, ../flow.yaml]\n',
    'sub/b.json': `{\n\t"import": ["a.yaml"],\n\t"collections": {"acme/people": {"schema": "people.schema.yaml", "key": ["/id"]}}\n}`,
    'sub/people.schema.yaml': 'type: object\nproperties: {id: {type: integer}}\n',
  });
  assert.deepEqual([...catalog.collections.keys()], ['acme/people']);
  assert.equal(
    catalog.collections.get('acme/people')?.writeSchema,
    '{"type":"object","properties":{"id":{"type":"integer"}}}',
  );
});

test('imports may be URLs, and paths in an imported file are relative to its URL', async () => {
  const served: Record<string, string> = {
    '/shared/people.yaml': 'import: [more.yaml]\ncollections: {acme/people: {schema: id.json, key: [/id]}}\n',
    '/shared/more.yaml': 'collections: {acme/more: {schema: id.json, key: [/id], kee: 1}}\n',
    '/shared/id.json': '{"type":"object","properties":{"id":{"type":"integer"}},"required":["id"]}',
  };
  const asked: string[] = [];
  const server = createServer((request, response) => {
    const path = request.url ?? '';
    asked.push(path);
    response.statusCode = path in served ? 200 : 404;
    response.end(served[path] ?? 'nothing here');
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const base = `http://127.0.0.1:${port}/shared`;
  try {
    const importing = `import: ["${base}/people.yaml"]\n`;
    assert.deepEqual(await problemsOf(importing), [
      `${base}/more.yaml:1:56: Unknown key "kee" in acme/more. Did you mean "key"?`,
    ]);
    served['/shared/more.yaml'] = '{}';
    const catalog = await load(importing);
    assert.equal(catalog.collections.get('acme/people')?.writeSchema, served['/shared/id.json']);
    assert.equal((await loadCatalog(`${base}/people.yaml`)).collections.size, 1);
    assert.deepEqual(asked.slice(0, 3).sort(), Object.keys(served).sort());
    assert.deepEqual(await problemsOf(`import: ["${base}/none.yaml"]\n`), [
      `flow.yaml:1:10: Cannot read ${base}/none.yaml: the server answered 404.`,
    ]);
  } finally {
    server.closeAllConnections();
    server.close();
  }
});

test('the same name in two files is refused with both places', async () => {
  const problems = await problemsOf(`import: [other.yaml]\n${people}`, { 'other.yaml': people });
  assert.deepEqual(problems, ['other.yaml:3:3: acme/people is already defined at flow.yaml:4:3.']);
});

test('names and keys have to be well formed', async () => {
  const text = people.replace('acme/people', 'acme//people!').replace('[/id]', '[id]');
  assert.deepEqual(await problemsOf(text), [
    'flow.yaml:3:3: "acme//people!" is not a name: use letters, digits, "-", "_" and ".", in parts joined by "/".',
    'flow.yaml:5:11: A key is a JSON pointer such as "/id", and "id" is none.',
  ]);
});

test('a collection needs one schema, or a write schema and a read schema', async () => {
  const collection = (keys: string): string => `collections:\n  acme/c:\n    key: [/id]\n${keys}`;
  assert.match((await problemsOf(collection('')))[0] ?? '', /needs either "schema", or both/);
  assert.match(
    (await problemsOf(collection('    writeSchema: {}\n')))[0] ?? '',
    /needs "readSchema" as well/,
  );
  assert.match(
    (await problemsOf(collection('    schema: {}\n    readSchema: {}\n')))[0] ?? '',
    /needs either/,
  );
});

test('configs and schemas in files of their own are read, and a broken one has its own place', async () => {
  const external = capture.replace(/config: \{.*\}\}/, 'config: config.yaml}');
  const catalog = await load(`${people}${external}`, { 'config.yaml': 'z: 1\na: {b: 0x10}\n' });
  assert.equal(catalog.captures.get('acme/hello')?.endpoint.config, '{"z":1,"a":{"b":16}}');
  assert.match(
    (await problemsOf(`${people}${external}`, { 'config.yaml': 'a: [\n' }))[0] ?? '',
    /^config\.yaml:\d/,
  );
  assert.deepEqual(await problemsOf(`${people}${external}`), [
    'flow.yaml:10:67: Cannot read config.yaml: there is no such file.',
  ]);
});

test('references to other files are bundled, also when they form a cycle', async () => {
  const catalog = await load('collections: {acme/c: {key: [/id], schema: c.schema.yaml}}', {
    'c.schema.yaml':
      '$defs: {own: {type: string}}\ntype: object\nproperties: {id: {$ref: "#/$defs/own"}, t: {$ref: "types.yaml#/definitions/t"}, s: {$ref: flow://write-schema}, k: {const: {$ref: types.yaml}}}\n',
    'types.yaml':
      'definitions: {t: {type: array, items: {$ref: "#/definitions/u"}}, u: {anyOf: [{$ref: "c.schema.yaml#/$defs/own"}, {$ref: "#/definitions/t"}]}}\n',
  });
  assert.deepEqual(JSON.parse(catalog.collections.get('acme/c')?.writeSchema ?? ''), {
    $defs: {
      own: { type: 'string' },
      'types.t': { type: 'array', items: { $ref: '#/$defs/types.u' } },
      'types.u': { anyOf: [{ $ref: '#/$defs/own' }, { $ref: '#/$defs/types.t' }] },
    },
    type: 'object',
    properties: {
      id: { $ref: '#/$defs/own' },
      t: { $ref: '#/$defs/types.t' },
      s: { $ref: 'flow://write-schema' },
      k: { const: { $ref: 'types.yaml' } },
    },
  });
});

test('a schema may be a place inside of a file, and a reference to nothing is a problem at its place', async () => {
  const text = 'collections:\n  acme/c:\n    key: [/id]\n    schema: all.yaml#/a\n';
  const files = { 'all.yaml': 'a: {type: object, properties: {x: {$ref: "#/b"}}}\nb: {type: string}\n' };
  assert.deepEqual(JSON.parse((await load(text, files)).collections.get('acme/c')?.writeSchema ?? ''), {
    type: 'object',
    properties: { x: { $ref: '#/$defs/all.b' } },
    $defs: { 'all.b': { type: 'string' } },
  });
  assert.deepEqual(
    await problemsOf(text, { 'all.yaml': 'a: {type: object, properties: {x: {$ref: "#/c"}}}\n' }),
    ['all.yaml:1:42: all.yaml has nothing at "/c".'],
  );
});

test('anchors and merge keys are resolved', async () => {
  const catalog = await load(`
collections:
  acme/a: {key: &key [/id], schema: {type: object, properties: &p {id: {type: integer}}}}
  acme/b: {key: *key, schema: {type: object, properties: {<<: *p, n: {type: number}}}}
`);
  assert.deepEqual(catalog.collections.get('acme/b')?.key, ['/id']);
  assert.equal(
    catalog.collections.get('acme/b')?.writeSchema,
    '{"type":"object","properties":{"id":{"type":"integer"},"n":{"type":"number"}}}',
  );
});
