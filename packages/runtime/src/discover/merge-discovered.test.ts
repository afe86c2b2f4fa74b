import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { after, test } from 'node:test';
import type { DiscoveredBinding } from '@weir/protocol';
import { loadCatalog } from '../catalog/load-catalog.ts';
import { collectionName } from './collection-name.ts';
import { mergeDiscovered } from './merge-discovered.ts';
import type { DiscoverInput, DiscoverResult } from './merge-discovered.ts';
import { resourceIdentity } from './resource-path.ts';

const folders: string[] = [];
after(() => {
  for (const folder of folders) rmSync(folder, { recursive: true });
});

function discovered(table: string, changes: Partial<DiscoveredBinding> = {}): DiscoveredBinding {
  return {
    recommendedName: `public/${table}`,
    resourceConfig: JSON.stringify({ namespace: 'public', stream: table }),
    documentSchema:
      '{"type":"object","properties":{"id":{"type":"integer","maximum":9223372036854775807}},"required":["id"]}',
    key: ['/id'],
    disable: false,
    resourcePath: ['public', table],
    isFallbackKey: false,
    ...changes,
  };
}

const pointers = ['/namespace', '/stream'];

async function merge(
  files: Record<string, string>,
  bindings: readonly DiscoveredBinding[],
  options: Partial<DiscoverInput> = {},
): Promise<{ result: DiscoverResult; texts: Record<string, string> }> {
  const folder = mkdtempSync(join(tmpdir(), 'weir-discover-'));
  folders.push(folder);
  for (const [name, text] of Object.entries(files)) writeFileSync(join(folder, name), text);
  const catalog = await loadCatalog(join(folder, 'flow.yaml'));
  const capture = catalog.captures.get('acme/pg');
  assert.ok(capture !== undefined);
  const input = { catalog, capture, discovered: bindings, resourcePathPointers: pointers, ...options };
  const result = mergeDiscovered(input);
  return { result, texts: Object.fromEntries([...result.files].map(([url, text]) => [basename(url), text])) };
}

const start = `# Our capture.
captures:
  acme/pg:
    endpoint:
      connector:
        image: source-postgres # the built-in one
        config: {address: "localhost:5432"}
    bindings: []
`;

test('new bindings and collections are added, and everything else stays as it was written', async () => {
  const { result, texts } = await merge({ 'flow.yaml': start }, [
    discovered('users'),
    discovered('notes', { disable: true }),
  ]);
  assert.deepEqual(result.added, ['acme/public/users', 'acme/public/notes']);
  assert.equal(
    texts['flow.yaml'],
    `# Our capture.
captures:
  acme/pg:
    endpoint:
      connector:
        image: source-postgres # the built-in one
        config: {address: "localhost:5432"}
    bindings:
      - resource:
          namespace: public
          stream: users
        target: acme/public/users
      - resource:
          namespace: public
          stream: notes
        target: acme/public/notes
        disable: true
collections:
  acme/public/users:
    schema:
      type: object
      properties:
        id:
          type: integer
          maximum: 9223372036854775807
      required: [id]
    key: [/id]
  acme/public/notes:
    schema:
      type: object
      properties:
        id:
          type: integer
          maximum: 9223372036854775807
      required: [id]
    key: [/id]
`,
  );
});

test('discovering again changes nothing', async () => {
  const bindings = [discovered('users'), discovered('notes', { disable: true })];
  const first = await merge({ 'flow.yaml': start }, bindings);
  const second = await merge(first.texts, bindings);
  assert.deepEqual(second.texts, {});
  assert.deepEqual([second.result.added, second.result.updated, second.result.vanished], [[], [], []]);
});

const edited = `captures:
  acme/pg:
    endpoint: {connector: {image: source-postgres, config: {}}}
    bindings:
      # Renamed by hand, and tuned.
      - target: acme/people
        resource: {stream: users, namespace: public, mode: "Only Changes"}
        backfill: 2
      - {resource: {namespace: public, stream: gone}, target: acme/gone}

collections:
  acme/people:
    key: [/id] # stays
    projections: {person: /id}
    schema:
      type: object
      # The number of the person.
      properties:
        id: {type: integer, maximum: 9223372036854775807} # exact
        old: {type: string}
      required: [id]
  acme/gone: {key: [/id], schema: {type: object, properties: {id: {type: integer}}, required: [id]}}
`;

test('a binding is matched by its resource: it stays as it is, and its collection follows the source', async () => {
  const schema =
    '{"type":"object","properties":{"id":{"type":"integer","maximum":9223372036854775807},"name":{"type":"string"}},"required":["id"]}';
  const { result, texts } = await merge({ 'flow.yaml': edited }, [
    discovered('users', { documentSchema: schema }),
  ]);
  assert.deepEqual([result.added, result.updated, result.vanished], [[], ['acme/people'], ['acme/gone']]);
  assert.equal(
    texts['flow.yaml'],
    edited.replace('        old: {type: string}\n', '        name:\n          type: string\n'),
  );
  assert.deepEqual(result.changes, [
    {
      name: 'acme/people',
      schema: { added: ['/properties/name'], changed: [], removed: ['/properties/old'], kept: [] },
    },
  ]);
});

const annotated = `captures:
  acme/pg:
    endpoint: {connector: {image: source-postgres, config: {}}}
    bindings:
      - {resource: {stream: users, namespace: public}, target: acme/people}
collections:
  acme/people:
    key: [/id]
    schema:
      type: object
      reduce: {strategy: merge} # by hand
      x-note: ours
      properties:
        id: {type: integer, maximum: 9223372036854775807}
        # Never in clear.
        ssn: {type: string, redact: {strategy: block}}
        description: {type: string, maxLength: 9}
        total: {type: number, description: "By hand.", reduce: {strategy: sum}, secret: true}
        address:
          type: object
          properties:
            street: {type: string, redact: {strategy: sha256}, title: Street}
        extra: {redact: {strategy: block}}
      required: [id]
`;

test('annotations written by hand stay wherever the source still has the place, and what goes away is named', async () => {
  const properties = {
    id: { type: 'integer', maximum: 7 },
    ssn: { type: ['string', 'null'], description: 'text' },
    total: { type: 'number', description: '(source type: numeric)', reduce: { strategy: 'lastWriteWins' } },
    address: { type: 'object', properties: { street: { type: 'string' }, town: { type: 'string' } } },
  };
  const schema = { type: 'object', properties, required: ['id', 'ssn'] };
  const users = discovered('users', { documentSchema: JSON.stringify(schema) });
  const { result, texts } = await merge({ 'flow.yaml': annotated }, [users]);
  const text = texts['flow.yaml'] ?? '';
  assert.deepEqual(result.changes[0]?.schema, {
    added: ['/properties/ssn/description', '/properties/address/properties/town'],
    changed: ['/properties/id/maximum', '/properties/ssn/type', '/required'],
    removed: ['/properties/description'],
    kept: ['/properties/total/description', '/properties/total/reduce', '/properties/extra'],
  });
  assert.match(text, /reduce: {strategy: merge} # by hand\n {6}x-note: ours\n/);
  assert.match(
    text,
    /# Never in clear\.\n {8}ssn:\n {10}type: \[string, "null"\]\n {10}redact: {strategy: block}/,
  );
  assert.match(
    text,
    /total: {type: number, description: "By hand.", reduce: {strategy: sum}, secret: true}\n/,
  );
  assert.match(text, /street: {type: string, redact: {strategy: sha256}, title: Street}\n/);
  assert.match(text, /extra: {redact: {strategy: block}}\n/);
  const again = await merge(texts, [users]);
  assert.deepEqual([again.texts, again.result.updated], [{}, []]);
  assert.deepEqual(again.result.changes[0]?.schema.kept, result.changes[0]?.schema.kept);
});

test('annotations in a list of schemas stay when the source changes the list', async () => {
  const withList = annotated.replace(
    / {6}properties:[^]*/,
    `      anyOf:
        - {properties: {a: {redact: {strategy: block}}}}
        - {properties: {b: {type: string}}}
`,
  );
  const anyOf = [{ properties: { c: { type: 'integer' } } }];
  const schema = { type: 'object', anyOf };
  const users = discovered('users', { documentSchema: JSON.stringify(schema) });
  const { result, texts } = await merge({ 'flow.yaml': withList }, [users]);
  assert.match(
    texts['flow.yaml'] ?? '',
    /c:\n +type: integer\n +- {properties: {a: {redact: {strategy: block}}}}\n/,
  );
  assert.deepEqual(result.changes[0]?.schema.kept, ['/anyOf/0']);
  assert.deepEqual(result.changes[0]?.schema.removed, ['/anyOf/1']);
});

test('the key follows the source, except for a key that the connector only falls back to', async () => {
  const users = discovered('users', {
    key: ['/a', '/b'],
    documentSchema:
      '{"type":"object","properties":{"id":{"type":"integer","maximum":9223372036854775807},"old":{"type":"string"}},"required":["id"]}',
  });
  const { result, texts } = await merge({ 'flow.yaml': edited }, [users]);
  assert.equal(texts['flow.yaml'], edited.replace('key: [/id] # stays', 'key: [/a, /b] # stays'));
  assert.deepEqual(result.changes[0]?.key, { from: ['/id'], to: ['/a', '/b'] });
  assert.deepEqual((await merge({ 'flow.yaml': edited }, [{ ...users, isFallbackKey: true }])).texts, {});
});

test('x-infer-schema gives a write schema and a read schema over the inferred one', async () => {
  const documentSchema =
    '{"type":"object","properties":{"id":{"type":"integer"}},"required":["id"],"x-infer-schema":true}';
  const added = await merge({ 'flow.yaml': start }, [discovered('users', { documentSchema })]);
  assert.match(
    added.texts['flow.yaml'] ?? '',
    / {4}writeSchema:\n {6}type: object\n[^]* {4}readSchema:\n {6}allOf:\n {8}- \$ref: flow:\/\/relaxed-write-schema\n {8}- \$ref: flow:\/\/inferred-schema\n/,
  );
  const converted = await merge({ 'flow.yaml': edited }, [discovered('users', { documentSchema })]);
  assert.match(converted.texts['flow.yaml'] ?? '', /writeSchema:\n {6}type: object\n[^]*readSchema:\n/);
});

test('a long schema gets a file of its own beside the catalog, and is updated there', async () => {
  const columns = Object.fromEntries(
    Array.from({ length: 30 }, (_, n) => [`column_${n}`, { type: 'string' }]),
  );
  const wide = (extra: object): DiscoveredBinding =>
    discovered('wide', {
      documentSchema: JSON.stringify({
        type: 'object',
        properties: { id: { type: 'integer' }, ...columns, ...extra },
        required: ['id'],
      }),
    });
  const first = await merge({ 'flow.yaml': start }, [wide({})]);
  assert.match(
    first.texts['flow.yaml'] ?? '',
    /acme\/public\/wide:\n {4}schema: wide.schema.yaml\n {4}key: \[\/id\]\n/,
  );
  const commented = { ...first.texts, 'wide.schema.yaml': `# Ours.\n${first.texts['wide.schema.yaml']}` };
  const second = await merge(commented, [wide({ more: { type: 'integer' } })]);
  assert.deepEqual(Object.keys(second.texts), ['wide.schema.yaml']);
  assert.match(second.texts['wide.schema.yaml'] ?? '', /^# Ours\.\n[^]*more:\n {4}type: integer\n/);
});

test('a schema file that exists is not replaced', async () => {
  const documentSchema = JSON.stringify({ type: 'object', description: 'x'.repeat(600) });
  const { texts } = await merge({ 'flow.yaml': start }, [discovered('users', { documentSchema })], {
    exists: (url) => url.endsWith('/users.schema.yaml'),
  });
  assert.deepEqual(Object.keys(texts).sort(), ['flow.yaml', 'users-2.schema.yaml']);
});

test('two tables whose names become the same get collections of their own', async () => {
  const { result } = await merge({ 'flow.yaml': start }, [
    discovered('a b', { recommendedName: 'public/a b' }),
    discovered('a_b', { recommendedName: 'public/a_b' }),
  ]);
  assert.deepEqual(result.added, ['acme/public/a_b', 'acme/public/a_b_2']);
});

test('update only: nothing is added, and what could be is named', async () => {
  const { result, texts } = await merge({ 'flow.yaml': start }, [discovered('users')], { updateOnly: true });
  assert.deepEqual([texts, result.skipped], [{}, ['acme/public/users']]);
});

test('a JSON catalog stays JSON, with its numerals', async () => {
  const json = '{"captures":{"acme/pg":{"endpoint":{"connector":{"image":"i","config":{"n":1.50}}}}}}';
  const { texts } = await merge({ 'flow.yaml': 'import: [flow.json]\n', 'flow.json': json }, [
    discovered('users'),
  ]);
  assert.match(texts['flow.json'] ?? '', /"n": 1\.50[^]*"maximum": 9223372036854775807/);
  assert.deepEqual(Object.keys(texts), ['flow.json']);
});

test('names keep letters of any language, and everything else becomes one underscore', () => {
  assert.deepEqual(
    ['users', 'we"ird Täble', '/a//b/', '--x', 'a&&b', '"'].map((name) =>
      collectionName('acme/pg/source', name),
    ),
    ['users', 'we_ird_Täble', 'a/b', '--x', 'a_b', 'unnamed'].map((name) => `acme/pg/${name}`),
  );
  assert.equal(collectionName('source', 't'), 't');
});

test('resources are the same when their parts are, whatever else they hold', () => {
  const identity = (value: object): string => resourceIdentity(JSON.stringify(value), pointers);
  assert.equal(identity({ stream: 't', mode: 'x' }), identity({ namespace: '', stream: 't' }));
  assert.notEqual(identity({ namespace: 'a', stream: 't' }), identity({ namespace: 'b', stream: 't' }));
  assert.equal(resourceIdentity('{"a":1,"b":2}', []), resourceIdentity('{"b":2,"a":1}', []));
});
