import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { builtInConnectors, connectorNodeFlags, imageName, resolveConnector } from './connector-command.ts';
import { dockerRunArguments, readInspection } from './docker.ts';

const folder = mkdtempSync(join(tmpdir(), 'weir-connectors-'));
after(() => rmSync(folder, { recursive: true }));
for (const [name, labels] of Object.entries({
  'source-a': { FLOW_RUNTIME_PROTOCOL: 'capture' },
  'source-b': { FLOW_RUNTIME_PROTOCOL: 'capture', FLOW_RUNTIME_CODEC: 'json' },
  'materialize-a': { FLOW_RUNTIME_PROTOCOL: 'materialize' },
})) {
  mkdirSync(join(folder, name));
  const variants = name === 'materialize-a' ? ['materialize-a-cloud'] : undefined;
  writeFileSync(join(folder, name, 'package.json'), JSON.stringify({ weir: { labels, variants } }));
}
const options = { connectorFolders: [folder] };

test('the name of an image is its last path component, without tag and digest', () => {
  assert.deepEqual(
    [
      'ghcr.io/estuary/source-a:v3',
      'source-a',
      'host:5000/x/source-a@sha256:0f',
      'a/source-a:v1@sha256:0f',
    ].map(imageName),
    ['source-a', 'source-a', 'source-a', 'source-a'],
  );
});

test('an image is resolved to the built-in connector of its name, with the codec of its labels', async () => {
  const a = await resolveConnector(
    { kind: 'image', image: 'ghcr.io/estuary/source-a:v3' },
    'capture',
    options,
  );
  assert.deepEqual(
    [a.program, a.arguments, a.codec],
    [process.execPath, [...connectorNodeFlags, join(folder, 'source-a/src/main.ts')], 'proto'],
  );
  const b = await resolveConnector({ kind: 'image', image: 'source-b' }, 'capture', options);
  assert.deepEqual([b.codec, b.env['FLOW_RUNTIME_CODEC']], ['json', 'json']);
});

test('an image of a variant is resolved to the connector that lists it', async () => {
  const image = 'ghcr.io/estuary/materialize-a-cloud:v1';
  const found = await resolveConnector({ kind: 'image', image }, 'materialize', options);
  assert.deepEqual(found.arguments, [...connectorNodeFlags, join(folder, 'materialize-a/src/main.ts')]);
});

test('an unknown image names the built-in connectors of that kind and the way to run the real image', async () => {
  for (const image of ['ghcr.io/estuary/source-zzz:v1', '..', 'x/..:v1']) {
    await assert.rejects(resolveConnector({ kind: 'image', image }, 'capture', options), {
      code: 'CONNECTOR_UNKNOWN',
      fix: /source-a, source-b.*--image-mode docker/,
    });
  }
  assert.deepEqual(builtInConnectors('materialize', [folder]), ['materialize-a']);
});

test('an unknown image is told with the name that was meant, and with folders of connectors that are not there', async () => {
  const absent = join(folder, 'absent');
  const connectorFolders = [absent, folder];
  const refused = async (image: string) =>
    await assert.rejects(resolveConnector({ kind: 'image', image }, 'materialize', { connectorFolders }), {
      code: 'CONNECTOR_UNKNOWN',
      message: `The image ${image} is not a built-in connector. Did you mean "materialize-a"? There is no folder ${absent}.`,
    });
  await refused('ghcr.io/estuary/materialise-a:v1');
  await refused('materialize');
});

test('a capture cannot use a materialization connector', async () => {
  await assert.rejects(resolveConnector({ kind: 'image', image: 'materialize-a' }, 'capture', options), {
    code: 'CONNECTOR_WRONG_KIND',
  });
});

test('a local command speaks JSON unless the catalog says protobuf, and its own environment wins', async () => {
  const local = { kind: 'local', command: ['python3', 'c.py'], env: { A: '1' } } as const;
  const json = await resolveConnector({ ...local, protobuf: false }, 'capture', { env: { A: '2', B: '3' } });
  const proto = await resolveConnector({ ...local, protobuf: true }, 'capture');
  assert.deepEqual(
    [json.program, json.arguments, json.env, json.codec, proto.codec],
    ['python3', ['c.py'], { A: '1', B: '3' }, 'json', 'proto'],
  );
});

test('a label of an image decides its codec before its environment does', () => {
  const inspect = (config: object): string => JSON.stringify([{ Config: config }]);
  assert.equal(readInspection(inspect({ Labels: null, Env: ['FLOW_RUNTIME_CODEC=json'] })).codec, 'json');
  assert.equal(readInspection(inspect({ Env: [] })).codec, 'proto');
  const both = {
    Labels: { FLOW_RUNTIME_CODEC: 'proto', FLOW_RUNTIME_PROTOCOL: 'capture' },
    Env: ['FLOW_RUNTIME_CODEC=json'],
  };
  assert.deepEqual(readInspection(inspect(both)), { protocol: 'capture', codec: 'proto' });
});

test('a container keeps stdin open and gets its limits, labels and environment', () => {
  const line = dockerRunArguments({
    image: 'i:v1',
    network: 'bridge',
    logLevel: 'debug',
    taskName: 'acme/t',
    taskType: 'capture',
    codec: 'proto',
  }).join(' ');
  assert.equal(
    line,
    'run --rm --interactive --network=bridge --log-driver=none --env=LOG_FORMAT=json --env=LOG_LEVEL=debug --env=FLOW_RUNTIME_CODEC=proto --env=WEIR_CONFIG_UPDATES --memory=1g --cpus=2 --platform=linux/amd64 --label=image=i:v1 --label=task-name=acme/t --label=task-type=capture i:v1',
  );
});
