import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { appendFileSync, globSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { FULL_RANGE, packTuple, type CollectionSpec, type MaterializeRequest } from '@weir/protocol';
import { ConnectorDriver, temporaryDirectory } from '@weir/testing';

const python = spawnSync('python3', ['--version']).status === 0;
// Where every service is required, it fails instead.
const skip = !python && process.env['WEIR_REQUIRE_SERVICES'] !== '1' ? 'there is no python3' : false;

function start<D extends 'capture' | 'materialize'>(direction: D, script: string): ConnectorDriver<D> {
  return new ConnectorDriver({ direction, command: ['python3', join(import.meta.dirname, script)] });
}

const collection: CollectionSpec = {
  name: 'example/lines',
  key: ['/offset'],
  uuidPtr: '/_meta/uuid',
  partitionFields: [],
  projections: [],
  writeSchema: '{}',
};

test('a connector takes no more than sixty lines', () => {
  const scripts = globSync('*.py', { cwd: import.meta.dirname });
  assert.equal(scripts.length, 2);
  for (const script of scripts) {
    const lines = readFileSync(join(import.meta.dirname, script), 'utf8')
      .trimEnd()
      .split('\n');
    assert.ok(lines.length <= 60 && lines.every((line) => line.length <= 120), `${script}: ${lines.length}`);
  }
});

test('the capture in Python sends whole lines once, and goes on from its offset', { skip }, async () => {
  using folder = temporaryDirectory();
  const path = join(folder.path, 'input.txt');
  writeFileSync(path, 'one\ntwo\nhal');
  await using connector = start('capture', 'lines-capture.py');
  connector.send({ kind: 'spec', connectorType: 'LOCAL', config: '{}' });
  assert.equal((await connector.expect('spec')).protocol, 3032023);
  connector.send({
    kind: 'open',
    version: '1',
    range: FULL_RANGE,
    state: '{"offset":4}',
    capture: {
      name: 'example/file-lines',
      connectorType: 'LOCAL',
      config: JSON.stringify({ path }),
      intervalSeconds: 300,
      inactiveBindings: [],
      bindings: [
        {
          resourceConfig: '{"name":"lines"}',
          resourcePath: ['lines'],
          collection,
          backfill: 0,
          stateKey: 'lines',
        },
      ],
    },
  });
  await connector.expect('opened');
  const lines: unknown[] = [];
  const offsets: string[] = [];
  for (const response of await connector.take(2)) {
    if (response.kind === 'captured') lines.push(JSON.parse(response.doc.toString()));
    if (response.kind === 'checkpoint') offsets.push(response.state.updated);
  }
  appendFileSync(path, 'f\n');
  for (const response of await connector.take(2)) {
    if (response.kind === 'captured') lines.push(JSON.parse(response.doc.toString()));
    if (response.kind === 'checkpoint') offsets.push(response.state.updated);
  }
  assert.deepEqual(lines, [
    { offset: 4, line: 'two' },
    { offset: 8, line: 'half' },
  ]);
  assert.deepEqual(
    offsets.map((offset) => JSON.parse(offset) as unknown),
    [{ offset: 8 }, { offset: 13 }],
  );
});

test(
  'the materialization in Python opens with the checkpoint that its rows committed with',
  { skip },
  async () => {
    using folder = temporaryDirectory();
    const open: MaterializeRequest = {
      kind: 'open',
      version: '1',
      range: FULL_RANGE,
      state: '{}',
      materialization: {
        name: 'example/json-file',
        connectorType: 'LOCAL',
        config: JSON.stringify({ path: join(folder.path, 'output.json') }),
        inactiveBindings: [],
        bindings: [
          {
            resourceConfig: '{"table":"lines"}',
            resourcePath: ['lines'],
            collection,
            fieldSelection: { keys: ['offset'], values: [], document: 'flow_document', fieldConfig: {} },
            deltaUpdates: false,
            journalReadSuffix: '',
            priority: 0,
            notBefore: '',
            notAfter: '',
            backfill: 0,
            stateKey: 'lines',
          },
        ],
      },
    };
    const checkpoint = { sources: { 'a;b': { readThrough: 5n, producers: [] } }, ackIntents: {} };
    const keyPacked = packTuple([4]);
    {
      await using first = start('materialize', 'file-materialization.py');
      first.send(open, { kind: 'acknowledge' }, { kind: 'load', binding: 0, keyPacked }, { kind: 'flush' });
      assert.deepEqual((await first.expect('opened')).runtimeCheckpoint, { sources: {}, ackIntents: {} });
      await first.expect('acknowledged');
      await first.expect('flushed');
      const doc = Buffer.from('{"offset":4,"line":"two"}');
      const stored = { kind: 'store', binding: 0, valuesPacked: Buffer.alloc(0), exists: false } as const;
      first.send(
        { ...stored, keyPacked, doc, delete: false },
        { ...stored, keyPacked: packTuple([9]), doc, delete: true },
        { kind: 'startCommit', runtimeCheckpoint: checkpoint },
      );
      await first.expect('startedCommit');
    }
    await using second = start('materialize', 'file-materialization.py');
    second.send(open, { kind: 'acknowledge' }, { kind: 'load', binding: 0, keyPacked });
    assert.deepEqual((await second.expect('opened')).runtimeCheckpoint, checkpoint);
    await second.expect('acknowledged');
    assert.deepEqual(JSON.parse((await second.expect('loaded')).doc.toString()), { offset: 4, line: 'two' });
    second.end();
    assert.deepEqual(await second.exited, { code: 0, signal: null });
  },
);
