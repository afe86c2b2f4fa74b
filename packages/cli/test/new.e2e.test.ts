// Connectors made by `weir new`, and the plans of `weir explain`.

import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { globSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { temporaryDirectory } from '@weir/testing';
import { weir } from './weir-process.ts';

const root = join(import.meta.dirname, '..', '..', '..');

test('a folder that cannot be one is told by name', () => {
  using folder = temporaryDirectory();
  writeFileSync(join(folder.path, 'file'), '');
  const { status, stderr } = weir(folder.path, 'new', 'source-my-shop', '--folder', 'file');
  assert.equal(status, 1);
  assert.match(stderr, /^weir: NEW_FOLDER_UNUSABLE: The folder file cannot be made: /);
});

for (const template of ['rest', 'graphql', 'webhook', 'database']) {
  test(`a new connector (${template}) compiles, passes its tests and answers Spec under its own name`, () => {
    using folder = temporaryDirectory();
    const made = weir(folder.path, 'new', 'source-my-shop', '--template', template, '--folder', folder.path);
    assert.equal(made.status, 0, made.stderr);
    assert.match(made.stdout, /source-my-shop\/src\/my-shop\.ts\n/);
    const connector = join(folder.path, 'source-my-shop');
    const own = [...made.stdout.matchAll(/^ {2}(\S+)$/gm)].map(([, file = '']) => file);
    assert.ok(own.some((file) => file.includes('/.snapshots/')) || template === 'database', made.stdout);
    for (const file of own) {
      const text = readFileSync(join(folder.path, file), 'utf8');
      assert.doesNotMatch(text, /\bsample\b|\bSample\b|fakeSample/, file);
    }
    const tests = globSync('test/*.test.ts', { cwd: connector });
    const run = (env: Record<string, string>): { status: number | null; stdout: string } =>
      spawnSync(process.execPath, ['--test', ...tests], {
        cwd: connector,
        encoding: 'utf8',
        env: { ...process.env, NODE_TEST_CONTEXT: undefined, ...env },
      });
    const passed = run({});
    assert.equal(passed.status, 0, passed.stdout);

    writeFileSync(
      join(connector, 'tsconfig.json'),
      JSON.stringify({
        extends: join(root, 'tsconfig.json'),
        compilerOptions: { typeRoots: [join(root, 'node_modules/@types')] },
        include: ['src', 'test'],
        exclude: [],
      }),
    );
    const tsc = join(root, 'node_modules/typescript/bin/tsc');
    const compiled = spawnSync(process.execPath, [tsc, '-p', connector], { encoding: 'utf8' });
    assert.equal(compiled.status, 0, compiled.stdout);

    const catalog = {
      captures: {
        'acme/shop': {
          endpoint: {
            local: {
              command: [process.execPath, join(connector, 'src/main.ts')],
              config: {},
              protobuf: false,
            },
          },
          bindings: [],
        },
      },
    };
    writeFileSync(join(folder.path, 'flow.yaml'), JSON.stringify(catalog));
    const spec = weir(folder.path, 'spec');
    assert.equal(spec.status, 0, spec.stderr);
    assert.match(spec.stdout, /source-my-shop/);
  });
}

test('names that are none, and folders that are there, are refused, and nothing is made', () => {
  using folder = temporaryDirectory();
  const made = (name: string) => weir(folder.path, 'new', name, '--folder', folder.path);
  for (const name of ['shop', 'source-', 'source-Shop', 'source-../x']) {
    assert.match(made(name).stderr, /NEW_NAME_INVALID/, name);
  }
  assert.deepEqual(globSync('*', { cwd: folder.path }), []);
  assert.equal(made('source-shop').status, 0);
  assert.match(made('source-shop').stderr, /NEW_EXISTS/);
});

test('explain shows the plan of a connector, by its image with names in braces, by a catalog with its configuration', () => {
  using folder = temporaryDirectory();
  const byImage = weir(folder.path, 'explain', 'source-greenhouse-native');
  assert.equal(byImage.status, 0, byImage.stderr);
  assert.match(
    byImage.stdout,
    /^users: changes, every 5m\n  first of the backfill: GET https:\/\/harvest\.greenhouse\.io\/v3\/users\?per_page=500&updated_at=gte\|/m,
  );
  weir(folder.path, 'new', 'source-shop', '--folder', folder.path);
  const command = [process.execPath, join(folder.path, 'source-shop', 'src/main.ts')];
  const catalog = (config: object): string =>
    JSON.stringify({ captures: { 'acme/shop': { endpoint: { local: { command, config } }, bindings: [] } } });
  const config = { url: 'https://shop.example', credentials: { access_token: 'the secret' } };
  writeFileSync(join(folder.path, 'flow.yaml'), catalog(config));
  const byTask = weir(folder.path, 'explain');
  assert.equal(byTask.status, 0, byTask.stderr);
  assert.match(byTask.stdout, /GET https:\/\/shop\.example\/orders\?limit=100&updated_from=/);
  assert.doesNotMatch(byTask.stdout, /the secret/);
  writeFileSync(join(folder.path, 'flow.yaml'), catalog({ ...config, url: 7 }));
  assert.match(weir(folder.path, 'explain').stderr, /EXPLAIN_FAILED: .*\/url/);
});

test('a connector without a plan says so', () => {
  using folder = temporaryDirectory();
  const { status, stderr } = weir(folder.path, 'explain', 'source-hello-world');
  assert.equal(status, 1);
  assert.match(
    stderr,
    /EXPLAIN_FAILED: source-hello-world shows no plan: CAPTURE_PLAN_UNKNOWN .*has no plan/,
  );
});
