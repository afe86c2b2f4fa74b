// run, status, read, backfill and preview as processes, on a scripted capture and the real materialize-sqlite.

import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { DatabaseSync } from 'node:sqlite';
import { after, test } from 'node:test';

const bin = join(import.meta.dirname, '..', '..', 'bin', 'weir.js');
const fake = join(import.meta.dirname, '..', '..', '..', 'runtime', 'test', 'fake-connector.mjs');
const folder = mkdtempSync(join(tmpdir(), 'weir-run-'));
after(() => rmSync(folder, { recursive: true }));

function weir(...args: string[]): { status: number | null; stdout: string; stderr: string } {
  const { status, stdout, stderr } = spawnSync(process.execPath, [bin, ...args], {
    cwd: folder,
    encoding: 'utf8',
  });
  return { status, stdout, stderr };
}

const documents = [
  { id: 1, name: 'ann' },
  { id: 2, name: 'bob' },
  { id: 9007199254740993n, name: 'big' },
].map((document) =>
  JSON.stringify(document, (_key, value: unknown) =>
    typeof value === 'bigint' ? `#${value}#` : value,
  ).replaceAll(/"#(\d+)#"/g, '$1'),
);

/** A capture that sends its documents once per session and then stays. */
function captureCommand(docs: readonly string[]): string {
  const lines = [
    '{"opened":{}}',
    ...docs.map((doc) => `{"captured":{"binding":0,"doc":${doc}}}`),
    '{"checkpoint":{"state":{"updated":{"sent":1},"mergePatch":true}}}',
  ];
  const script = {
    answers: {
      validate: { validated: { bindings: [{ resourcePath: ['people'] }] } },
      apply: { applied: { actionDescription: '' } },
      open: `${lines.join('\n')}\n`,
    },
  };
  return JSON.stringify([process.execPath, fake, JSON.stringify(script)]);
}

function catalog(name: string, docs: readonly string[] = documents): string {
  const text = `captures:
  acme/people:
    endpoint: {local: {command: ${captureCommand(docs)}, config: {}}}
    bindings: [{resource: {name: people}, target: acme/people}]
collections:
  acme/people:
    key: [/id]
    schema: {type: object, properties: {id: {type: integer}, name: {type: string}}, required: [id]}
materializations:
  acme/out:
    endpoint: {connector: {image: "ghcr.io/estuary/materialize-sqlite:v1", config: {path: ${name}.db}}}
    bindings: [{resource: {table: people}, source: acme/people}]
`;
  writeFileSync(join(folder, `${name}.yaml`), text);
  return `${name}.yaml`;
}

function rows(name: string): string[] {
  using database = new DatabaseSync(join(folder, `${name}.db`), { readOnly: true });
  const statement = database.prepare('select id, name from people order by id');
  statement.setReadBigInts(true);
  return statement.all().map((row) => `${String(row['id'])} ${String(row['name'])}`);
}

const everybody = ['1 ann', '2 bob', '9007199254740993 big'];
const untilCaughtUp = ['--until-caught-up', '--idle', '500ms'];

test('run --until-caught-up captures, materializes and ends; status, read and backfill see what it left', () => {
  const source = catalog('people');
  const state = ['--state', 'people.state'];
  const ran = weir('run', '--source', source, ...state, ...untilCaughtUp);
  assert.equal(ran.status, 0, ran.stdout + ran.stderr);
  assert.deepEqual(rows('people'), everybody);
  for (const line of ran.stdout.trimEnd().split('\n')) assert.ok(typeof JSON.parse(line) === 'object');

  const status = JSON.parse(weir('status', ...state, '--json').stdout) as {
    owner?: unknown;
    tasks: { name: string; documents: number; lagBytes?: number }[];
    collections: { name: string; documents: number }[];
  };
  assert.equal(status.owner, undefined);
  assert.deepEqual(
    status.tasks.map(({ name, documents: count, lagBytes }) => [name, count, lagBytes]),
    [
      ['acme/out', 3, 0],
      ['acme/people', 3, undefined],
    ],
  );
  assert.match(weir('status', ...state).stdout, /^not running\n[^]*acme\/people +capture/);

  const read = weir('read', 'acme/people', ...state, '--limit', '2')
    .stdout.trimEnd()
    .split('\n');
  assert.deepEqual(
    read.map((line) => (JSON.parse(line) as { name: string }).name),
    ['ann', 'bob'],
  );
  assert.match(weir('read', 'acme/people', ...state).stdout, /"id":9007199254740993,/);
  assert.match(
    weir('read', 'acme/nobody', ...state).stderr,
    /^weir: COLLECTION_UNKNOWN: [^\n]*\n[^\n]*acme\/people\.\n$/,
  );

  const other = 'other.yaml';
  writeFileSync(join(folder, other), 'collections: {acme/peoples: {schema: {type: object}, key: [/id]}}');
  assert.match(
    weir('read', 'acme/people', ...state, '--source', other).stderr,
    /^weir: COLLECTION_UNKNOWN: other\.yaml has no collection acme\/people\.[^]*It has: acme\/peoples\./,
  );
  assert.equal(
    weir('read', 'acme/people', ...state, '-s', source, '--limit', '1').stdout.split('\n').length,
    2,
  );
  assert.match(weir('status', ...state, '--source', source).stdout, /acme\/people +capture/);
  assert.doesNotMatch(weir('status', ...state, '--source', other).stdout, /acme\/people/);

  assert.match(
    weir('backfill', 'acme/out', 'nothing', ...state).stderr,
    /BINDING_UNKNOWN[^\n]*\nIt has people\.\n$/,
  );
  const asked = weir('backfill', 'acme/out', 'acme/people', ...state);
  assert.equal(asked.stdout, 'acme/out: people will be backfilled.\nThe next `weir run` does it.\n');
  new DatabaseSync(join(folder, 'people.db')).exec('delete from people where id = 2');
  const again = weir('run', '--source', source, ...state, ...untilCaughtUp);
  assert.equal(again.status, 0, again.stdout + again.stderr);
  assert.deepEqual(rows('people'), everybody);
});

test('preview of a capture prints documents and states, each session resuming from the last', () => {
  const source = catalog('previewed');
  const flags = ['--sessions', '1,1', '--output-state', '--output-apply'];
  const ran = weir('preview', '--source', source, '--name', 'acme/people', ...flags);
  assert.equal(ran.status, 0, ran.stderr);
  const lines = ran.stdout
    .replaceAll(/"uuid":"[^"]*"/g, '"uuid":"…"')
    .trimEnd()
    .split('\n');
  const session = [
    '["applied.actionDescription",""]',
    ...documents.map((doc) => `["acme/people",{"_meta":{"uuid":"…"},${doc.slice(1)}]`),
    '["connectorState",{"updated":{"sent":1},"mergePatch":true}]',
  ];
  assert.deepEqual(lines, [...session, ...session, '["connectorState",{"updated":{"sent":1}}]']);
});

test('preview of a materialization applies its fixture, transaction by transaction', () => {
  const source = catalog('fixed');
  writeFileSync(
    join(folder, 'fixture.jsonl'),
    '{"commit":true}\n["acme/people",{"id":1,"name":"ann"}]\n["acme/people",{"id":2,"name":"bo"}]\n{"commit":true}\n["acme/people",{"id":2,"name":"bob"}]\n',
  );
  const flags = ['--fixture', 'fixture.jsonl', '--sessions', '2,-1', '--output-apply'];
  const ran = weir('preview', '--source', source, '--name', 'acme/out', ...flags);
  assert.equal(ran.status, 0, ran.stderr);
  assert.deepEqual(rows('fixed'), ['1 ann', '2 bob']);
  const lines = ran.stdout.trimEnd().split('\n');
  assert.match(lines[0] ?? '', /^\["applied\.actionDescription","CREATE TABLE/);
  assert.deepEqual(lines.slice(1), ['["applied.actionDescription",""]']);

  const bare = weir('preview', '--source', source, '--name', 'acme/out');
  assert.match(bare.stderr, /^acme\/out: FIXTURE_NEEDED: /);
});

test('preview --fixture - applies each transaction as it arrives, and ends with its input', async () => {
  const source = catalog('piped');
  const child = spawn(
    process.execPath,
    [bin, 'preview', '--source', source, '--name', 'acme/out', '--fixture', '-', '--output-state'],
    { cwd: folder, stdio: ['pipe', 'pipe', 'inherit'] },
  );
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  child.stdin.write(
    '["acme/people",{"id":1,"name":"ann"}]\n{"commit":true}\n["acme/people",{"id":2,"name":"bo',
  );
  assert.match((await lines.next()).value ?? '', /^\["connectorState"/);
  assert.deepEqual(rows('piped'), ['1 ann']);
  child.stdin.end('b"}]\n');
  const [status] = (await once(child, 'close')) as [number];
  assert.equal(status, 0);
  assert.deepEqual(rows('piped'), ['1 ann', '2 bob']);
});

test('preview --fixture - tells the line of its input that is wrong, though more could come', async () => {
  const source = catalog('wrong');
  const child = spawn(
    process.execPath,
    [bin, 'preview', '--source', source, '--name', 'acme/out', '--fixture', '-'],
    {
      cwd: folder,
      stdio: ['pipe', 'ignore', 'pipe'],
    },
  );
  let stderr = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text));
  child.stdin.write('{"commit":true}\nnonsense\n');
  const [status] = (await once(child, 'close')) as [number];
  assert.equal(status, 1);
  assert.match(stderr, /^acme\/out: FIXTURE_INVALID: stdin:2: /m);
});

test('read --follow ends when nobody reads it any more', () => {
  // More than a pipe holds.
  const long = Array.from({ length: 100 }, (_, id) => JSON.stringify({ id, name: 'x'.repeat(1000) }));
  const source = catalog('unread.yaml', long);
  const run = weir('run', '-s', source, '--state', 'unread', '--until-caught-up', '--idle', '500ms');
  assert.equal(run.status, 0, run.stderr);
  const command = `'${process.execPath}' '${bin}' read acme/people --state unread --follow | head -1`;
  const { status, stdout, error } = spawnSync('sh', ['-c', command], {
    cwd: folder,
    encoding: 'utf8',
    timeout: 60_000,
  });
  assert.equal(error, undefined);
  assert.equal(status, 0);
  assert.match(stdout, /"id":0/);
});
