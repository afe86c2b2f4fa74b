// `weir run` and the commands around it, each as a process of its own on a state folder of its own.

import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { test } from 'node:test';
import { temporaryDirectory } from '@weir/testing';
import { logLines, weir, WeirProcess } from './weir-process.ts';

interface CatalogOptions {
  readonly config?: object;
  readonly schema?: object;
  readonly image?: string;
  readonly resource?: object;
  readonly key?: string;
  readonly interval?: string;
}

const countSchema = {
  type: 'object',
  required: ['count', 'message'],
  properties: { count: { type: 'integer' }, message: { type: 'string' } },
};

/** A capture of numbered greetings, and a SQLite file that holds them. JSON is YAML. */
function catalog({
  image = 'source-test',
  config = { greetings: 20, delay_ms: 0 },
  schema = countSchema,
  resource = { stream: 'greetings', syncMode: 'incremental' },
  key = '/count',
  interval = '5m',
}: CatalogOptions = {}): string {
  return JSON.stringify(
    {
      collections: { 'acme/greetings': { key: [key], schema } },
      captures: {
        'acme/source': {
          interval,
          endpoint: { connector: { image: `ghcr.io/estuary/${image}:v1`, config } },
          bindings: [{ resource, target: 'acme/greetings' }],
        },
      },
      materializations: {
        'acme/sqlite': {
          endpoint: { connector: { image: 'materialize-sqlite', config: { path: 'out.db' } } },
          bindings: [{ resource: { table: 'greetings' }, source: 'acme/greetings' }],
        },
      },
    },
    undefined,
    2,
  );
}

function folderWith(text: string): Disposable & { readonly path: string; write(text: string): void } {
  const folder = temporaryDirectory();
  const write = (content: string): void => writeFileSync(join(folder.path, 'flow.yaml'), content);
  write(text);
  return { path: folder.path, write, [Symbol.dispose]: () => folder[Symbol.dispose]() };
}

function rowsOf(folder: string): { readonly count: number; readonly message: string }[] {
  using database = new DatabaseSync(join(folder, 'out.db'), { readOnly: true });
  const rows = database.prepare('SELECT count, message FROM greetings ORDER BY count').all() as {
    count: number;
    message: string;
  }[];
  return rows.map((row) => ({ ...row }));
}

function numbered(from: number, to: number): { count: number; message: string }[] {
  return Array.from({ length: to - from }, (_, index) => ({
    count: from + index,
    message: `Hello #${from + index}`,
  }));
}

test('a run until caught up leaves every document in the table, and the next run goes on behind them', () => {
  using folder = folderWith(catalog());
  const first = weir(folder.path, 'run', '--until-caught-up');
  assert.equal(first.status, 0, `${first.stdout}\n${first.stderr}`);
  assert.deepEqual(rowsOf(folder.path), numbered(0, 20));
  for (const line of logLines(first.stdout)) {
    assert.deepEqual(Object.keys(line).sort(), ['fields', 'level', 'message', 'ts']);
  }
  folder.write(catalog({ config: { greetings: 30, delay_ms: 0 } }));
  const second = weir(folder.path, 'run', '--until-caught-up');
  assert.equal(second.status, 0, `${second.stdout}\n${second.stderr}`);
  assert.deepEqual(rowsOf(folder.path), numbered(0, 30));
  // None was captured twice.
  const captured = weir(folder.path, 'read', 'acme/greetings').stdout.trimEnd().split('\n');
  assert.deepEqual(
    captured.map((line) => (JSON.parse(line) as { count: number }).count),
    numbered(0, 30).map(({ count }) => count),
  );
});

test('a running capture stops at SIGTERM with status 0, and tells its figures at most once a second', async () => {
  using folder = folderWith(
    catalog({
      image: 'source-hello-world',
      config: { rate: 200 },
      resource: { name: 'greetings', prefix: 'Hello {}!' },
      key: '/ts',
      schema: {
        type: 'object',
        required: ['ts', 'message'],
        properties: { ts: { type: 'string', format: 'date-time' }, message: { type: 'string' } },
      },
    }),
  );
  await using run = new WeirProcess(folder.path, 'run', '--state', 'state');
  const enough = (task: string): Promise<unknown> =>
    run.line(
      ({ message, fields }) =>
        message === 'stats' && fields['task'] === task && Number(fields['documents']) > 300,
    );
  await Promise.all([enough('acme/source'), enough('acme/sqlite')]);
  const beside = JSON.parse(weir(folder.path, 'status', '--state', 'state', '--json').stdout) as {
    owner: { pid: number };
    tasks: { name: string; phase: string; documents: number; lastCommit: string }[];
    collections: { name: string; documents: number }[];
  };
  assert.equal(beside.owner.pid, run.pid);
  for (const task of beside.tasks) assert.ok(task.documents > 0, task.name);
  assert.equal(beside.tasks.find(({ name }) => name === 'acme/source')?.phase, 'running');
  assert.equal(beside.collections[0]?.name, 'acme/greetings');
  assert.equal(await run.stop(), 0, run.stderr);
  assert.equal(run.stderr, '');
  const times = logLines(run.stdout)
    .filter(({ message, fields }) => message === 'stats' && fields['task'] === 'acme/source')
    .map(({ ts }) => Date.parse(ts));
  // The last figures follow the stop at once.
  for (const [index, time] of times.slice(1, -1).entries()) assert.ok(time - (times[index] ?? 0) >= 990);
  const after = weir(folder.path, 'status', '--state', 'state');
  assert.match(after.stdout, /not running/);
  assert.match(after.stdout, /acme\/source +capture +stopped/);
});

test('a stop interrupts a connector that does not answer, and is no failure', async () => {
  const text = catalog();
  const { captures: _captures, ...others } = JSON.parse(text) as { captures: unknown };
  const captures = {
    'acme/silent': {
      endpoint: { local: { command: ['sh', '-c', 'cat > /dev/null'], config: {} } },
      bindings: [{ resource: {}, target: 'acme/greetings' }],
    },
  };
  using folder = folderWith(JSON.stringify({ ...others, captures }));
  await using run = new WeirProcess(folder.path, 'run', '--name', 'acme/silent', '--log-level', 'debug');
  await run.line(({ fields }) => fields['task'] === 'acme/silent' && fields['event'] === 'starting');
  assert.equal(await run.stop(), 0, run.stderr);
});

test('[G4] a second run on one state folder is refused at once with the process and since when', async () => {
  using folder = folderWith(catalog({ config: { greetings: 1000, delay_ms: 100 } }));
  await using run = new WeirProcess(folder.path, 'run');
  await run.line(({ fields }) => fields['task'] === 'acme/source' && fields['event'] === 'opened');
  const second = weir(folder.path, 'run', '--until-caught-up');
  assert.equal(second.status, 1);
  assert.match(
    second.stderr,
    new RegExp(
      `^weir: RUNTIME_STATE_LOCKED: The state folder [^\\n]*\\.weir is in use by process ${run.pid} on [^\\n]*, since \\d{4}-[^\\n]*\\n[^\\n]+\\n$`,
    ),
  );
  assert.equal(await run.stop('SIGINT'), 0, run.stderr);
});

test('[G4] after kill -9 the next run owns the folder and goes on', async () => {
  using folder = folderWith(catalog({ config: { greetings: 60, delay_ms: 20 } }));
  {
    await using run = new WeirProcess(folder.path, 'run');
    await run.line(({ fields }) => fields['task'] === 'acme/sqlite' && Number(fields['documents']) > 5);
    await run.stop('SIGKILL');
  }
  const next = weir(folder.path, 'run', '--until-caught-up');
  assert.equal(next.status, 0, `${next.stdout}\n${next.stderr}`);
  assert.deepEqual(rowsOf(folder.path), numbered(0, 60));
});

test('an unknown key of the catalog is named with its place', () => {
  using folder = folderWith('captures:\n  acme/source:\n    endpont: {}\n');
  const { status, stderr, stdout } = weir(folder.path, 'run');
  assert.equal(status, 1);
  assert.equal(stdout, '');
  assert.match(
    stderr,
    /^weir: CATALOG_INVALID: flow\.yaml:3:5: [^\n]*"endpont"[^\n]*Did you mean "endpoint"\?/,
  );
  assert.doesNotMatch(stderr, /\n {4}at /);
});

test('keys of the catalog that do nothing here are told on stderr, with their places', () => {
  const text = catalog({ config: { greetings: 1, delay_ms: 0 } });
  using folder = folderWith(text.replace('{', '{ "storageMappings": {}, "tests": {},'));
  const { status, stderr } = weir(folder.path, 'run', '--until-caught-up');
  assert.equal(status, 0, stderr);
  assert.match(
    stderr,
    /^warning: flow\.yaml:1:3: storageMappings has no effect here: [^\n]+\nwarning: flow\.yaml:1:\d+: tests has no effect [^\n]+\n$/,
  );
});

test('a config field that is missing stops the task at once, with its code, its name and what it has to be', () => {
  const text = JSON.parse(catalog()) as {
    materializations: Record<string, { endpoint: { connector: object } }>;
  };
  const [sink] = Object.values(text.materializations);
  if (sink !== undefined) sink.endpoint.connector = { image: 'materialize-sqlite', config: {} };
  using folder = folderWith(JSON.stringify(text));
  const { status, stderr } = weir(folder.path, 'run', '--until-caught-up');
  assert.equal(status, 1);
  assert.match(stderr, /^acme\/sqlite: CONFIG_INVALID: [^\n]*path[^\n]*\n[^\n]+\n$/);
});

test('a misspelt config field stops the task at once, with its code and without a stack trace', () => {
  using folder = folderWith(catalog({ config: { greetings: 20, delay: 0 } }));
  const { status, stderr } = weir(folder.path, 'run', '--until-caught-up');
  assert.equal(status, 1);
  assert.match(stderr, /^acme\/source: CONFIG_INVALID: [^\n]*delay/);
  assert.doesNotMatch(stderr, /\n {4}at /);
});

test('[G6] a document that violates the write schema stops its capture; what was committed before stays', () => {
  const schema = {
    ...countSchema,
    properties: { ...countSchema.properties, count: { type: 'integer', maximum: 6 } },
  };
  using folder = folderWith(catalog({ schema }));
  const { status, stderr, stdout } = weir(folder.path, 'run', '--until-caught-up');
  assert.equal(status, 1, stdout);
  // The collection, the place in the document, the reason, and what was found there.
  assert.match(
    stderr,
    /^acme\/source: DOCUMENT_INVALID: [^\n]*acme\/greetings [^\n]*'\/count': must be <= 6, found 7\.\n/,
  );
  assert.deepEqual(rowsOf(folder.path), numbered(0, 7));
  assert.match(weir(folder.path, 'status').stdout, /acme\/source +capture +failed[^]*DOCUMENT_INVALID/);
});

test('a backfill asked for is done by the next run; unknown names are refused with the nearest', () => {
  using folder = folderWith(catalog({ config: { greetings: 5, delay_ms: 0 } }));
  assert.equal(weir(folder.path, 'run', '--until-caught-up').status, 0);
  {
    using database = new DatabaseSync(join(folder.path, 'out.db'));
    database.exec('DELETE FROM greetings');
  }
  assert.equal(weir(folder.path, 'run', '--until-caught-up').status, 0);
  assert.deepEqual(rowsOf(folder.path), []);
  const misspelt = weir(folder.path, 'backfill', 'acme/sqlit');
  assert.equal(misspelt.status, 1);
  assert.match(misspelt.stderr, /TASK_UNKNOWN: [^\n]*Did you mean "acme\/sqlite"\?/);
  const binding = weir(folder.path, 'backfill', 'acme/sqlite', 'greetins');
  assert.match(binding.stderr, /BINDING_UNKNOWN: [^\n]*Did you mean "greetings"\?/);
  const asked = weir(folder.path, 'backfill', 'acme/sqlite', 'acme/greetings');
  assert.equal(asked.status, 0, asked.stderr);
  const again = weir(folder.path, 'run', '--until-caught-up');
  assert.equal(again.status, 0, `${again.stdout}\n${again.stderr}`);
  assert.deepEqual(rowsOf(folder.path), numbered(0, 5));
});

test('read begins at any offset with the next whole document, stops at a limit, and follows a run', async () => {
  using folder = folderWith(catalog({ config: { greetings: 10, delay_ms: 0 }, interval: '1s' }));
  assert.equal(weir(folder.path, 'run', '--until-caught-up').status, 0);
  const all = weir(folder.path, 'read', 'acme/greetings').stdout.split('\n').slice(0, -1);
  const read = (...args: string[]): string[] =>
    weir(folder.path, 'read', 'acme/greetings', ...args)
      .stdout.split('\n')
      .slice(0, -1);
  const offset = `${all[0]}\n${all[1]}\n`.length;
  assert.deepEqual(read('--from-offset', String(offset)), all.slice(2));
  assert.deepEqual(read('--from-offset', String(offset + 1), '--limit', '2'), all.slice(3, 5));
  assert.deepEqual(read('--limit', '1'), all.slice(0, 1));
  const unknown = weir(folder.path, 'read', 'acme/greeting');
  assert.equal(unknown.status, 1);
  assert.match(unknown.stderr, /COLLECTION_UNKNOWN: [^]*acme\/greetings/);
  await using following = new WeirProcess(folder.path, 'read', 'acme/greetings', '--follow', '--limit', '15');
  await following.until(() => (following.stdout.split('\n').length > 10 ? true : undefined));
  folder.write(catalog({ config: { greetings: 20, delay_ms: 0 } }));
  assert.equal(weir(folder.path, 'run', '--until-caught-up').status, 0);
  await following.until(() => (following.stdout.split('\n').length > 15 ? true : undefined));
  assert.equal(following.stdout.split('\n').length, 16);
});
