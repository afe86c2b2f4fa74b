// The flags of `weir preview`, each by what it changes.

import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { temporaryDirectory } from '@weir/testing';
import { weir } from './weir-process.ts';

const fake = join(import.meta.dirname, '..', '..', 'runtime', 'test', 'fake-connector.mjs');
const folder = temporaryDirectory();
after(() => folder[Symbol.dispose]());

const schema = { type: 'object', required: ['id'], properties: { id: { type: 'integer' } } };
const constraints = Object.fromEntries(
  ['id', 'flow_document'].map((field) => [field, { type: 'LOCATION_REQUIRED', reason: 'needed' }]),
);
/** A destination that keeps a state, and tells what Apply did. */
const script = {
  answers: {
    validate: { validated: { bindings: [{ resourcePath: ['t'], constraints }] } },
    apply: { applied: { actionDescription: 'made t' } },
    open: { opened: {} },
    acknowledge: { acknowledged: {} },
    flush: { flushed: {} },
    startCommit: { startedCommit: { state: { updated: { stored: 2 }, mergePatch: true } } },
  },
};

writeFileSync(
  join(folder.path, 'flow.yaml'),
  JSON.stringify({
    collections: {
      'acme/rows': { key: ['/id'], schema },
      'acme/counts': {
        key: ['/count'],
        schema: { type: 'object', required: ['count'], properties: { count: { type: 'integer' } } },
      },
      'acme/events': {
        key: ['/ts'],
        schema: { type: 'object', required: ['ts'], properties: { ts: { type: 'string' } } },
      },
    },
    captures: {
      'acme/counting': {
        endpoint: { connector: { image: 'source-test', config: { greetings: 100, delay_ms: 0 } } },
        bindings: [{ resource: { stream: 's', syncMode: 'incremental' }, target: 'acme/counts' }],
      },
      'acme/slow': {
        endpoint: { connector: { image: 'source-hello-world', config: { rate: 0.001 } } },
        bindings: [{ resource: { name: 'n', prefix: 'Hello {}' }, target: 'acme/events' }],
      },
    },
    materializations: {
      'acme/sink': {
        endpoint: { local: { command: [process.execPath, fake, JSON.stringify(script)], config: {} } },
        bindings: [{ resource: { table: 't' }, source: 'acme/rows' }],
      },
    },
  }),
);

function preview(...args: readonly string[]): unknown[] {
  const { status, stdout, stderr } = weir(folder.path, 'preview', ...args);
  assert.equal(status, 0, stderr);
  return stdout
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as unknown);
}

test('--initial-state is where the first session of a capture begins, and the next one goes on behind it', () => {
  const state = ['--initial-state', '{"cursor":40}', '--output-state'];
  const lines = preview('--name', 'acme/counting', '--sessions', '2,1', ...state) as [
    string,
    { count?: number },
  ][];
  const counts = lines.filter(([what]) => what === 'acme/counts').map(([, { count }]) => count);
  // How many documents a transaction holds is up to their pace.
  assert.ok(counts.length >= 3);
  assert.deepEqual(
    counts,
    counts.map((_, index) => 40 + index),
  );
  assert.deepEqual(lines.at(-1), ['connectorState', { updated: { cursor: 40 + counts.length } }]);
  const wrong = weir(folder.path, 'preview', '--initial-state', '[1]');
  assert.match(wrong.stderr, /'\[1\]' is invalid\. The state has to be a JSON object\./);
});

test('--timeout ends a session that has had no transaction for so long', () => {
  const started = performance.now();
  const lines = preview('--name', 'acme/slow', '--timeout', '1s');
  assert.ok(performance.now() - started >= 1000);
  // One at the start, unless the connector takes longer than that to come up; the next one is due in 17 minutes.
  assert.ok(lines.length <= 1);
});

test('--output-state and --output-apply of a materialization: each Apply, each update, and the state at the end', () => {
  writeFileSync(
    join(folder.path, 'rows.jsonl'),
    '["acme/rows",{"id":1}]\n{"commit":true}\n["acme/rows",{"id":2}]\n',
  );
  const lines = preview(
    '--name',
    'acme/sink',
    '--fixture',
    'rows.jsonl',
    '--initial-state',
    '{"kept":1}',
    '--output-state',
    '--output-apply',
  );
  const update = ['connectorState', { updated: { stored: 2 }, mergePatch: true }];
  assert.deepEqual(lines, [
    ['applied.actionDescription', 'made t'],
    update,
    update,
    ['connectorState', { updated: { kept: 1, stored: 2 } }],
  ]);
});

test('a fixture of one commit applies and opens no session', () => {
  writeFileSync(join(folder.path, 'apply.jsonl'), '{"commit":true}\n');
  const lines = preview(
    '--name',
    'acme/sink',
    '--fixture',
    'apply.jsonl',
    '--output-state',
    '--output-apply',
  );
  assert.deepEqual(lines, [
    ['applied.actionDescription', 'made t'],
    ['connectorState', { updated: {} }],
  ]);
});

test('a fixture that is not there is one error with its code and what to do', () => {
  const { status, stderr } = weir(folder.path, 'preview', '--name', 'acme/sink', '--fixture', 'none.jsonl');
  assert.equal(status, 1);
  assert.match(
    stderr,
    /^acme\/sink: FIXTURE_UNREADABLE: Cannot read the fixture none\.jsonl: there is no such file\.\n[^\n]+\n$/,
  );
});
