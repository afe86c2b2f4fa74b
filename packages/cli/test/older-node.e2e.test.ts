// A user's own Node may be an older one. bin/weir.js then waits for the command, and what is done to the one process happens
// to both. Each run here captures for ever, until it is told to stop.

import assert from 'node:assert/strict';
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { endsWithProcess, temporaryDirectory, type TemporaryDirectory } from '@weir/testing';
import { olderNode } from './older-node.ts';

const bin = join(import.meta.dirname, '..', 'bin', 'weir.js');
const node = olderNode();
const skip = node === undefined ? 'no Node from 20 to 24.11 is installed' : false;
if (skip !== false) process.stderr.write(`SKIPPED weir under an older Node: ${skip}\n`);

const catalog = {
  collections: {
    'acme/greetings': {
      key: ['/ts'],
      schema: { type: 'object', required: ['ts'], properties: { ts: { type: 'string' } } },
    },
  },
  captures: {
    'acme/source': {
      endpoint: { connector: { image: 'source-hello-world', config: { rate: 50 } } },
      bindings: [{ resource: { name: 'greetings', prefix: 'Hello {}!' }, target: 'acme/greetings' }],
    },
  },
};

let folder: TemporaryDirectory;
before(() => {
  folder = temporaryDirectory();
  writeFileSync(join(folder.path, 'flow.yaml'), JSON.stringify(catalog));
});
after(() => folder[Symbol.dispose]());

interface Launched extends Disposable {
  /** Waits for the command; its pid is not that of the launcher. */
  readonly child: ChildProcess;
  readonly closed: Promise<[number | null, NodeJS.Signals | null]>;
  readonly commandPid: number;
  readonly output: () => string;
}

/** A run in a process group of its own, as a shell makes one; returns when it has committed documents. */
async function launch(state: string): Promise<Launched> {
  const child = spawn(node ?? '', [bin, 'run', '--state', state], {
    cwd: folder.path,
    stdio: ['ignore', 'pipe', 'pipe'],
    detached: true,
  });
  const pid = child.pid ?? assert.fail('it did not start');
  const kill = (): void => {
    try {
      process.kill(-pid, 'SIGKILL');
    } catch {
      // All of it has ended.
    }
  };
  const ending = endsWithProcess(kill);
  const closed = once(child, 'close') as Launched['closed'];
  let [stdout, stderr] = ['', ''];
  child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text));
  const started = Promise.withResolvers<void>();
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    stdout += text;
    if (/"message":"stats".*"documents":[1-9]/.test(stdout)) started.resolve();
  });
  void closed.then(() => started.reject(new Error(`it ended early:\n${stdout}\n${stderr}`)));
  await started.promise;
  const owner = JSON.parse(readFileSync(join(folder.path, state, 'lock'), 'utf8')) as { pid: number };
  assert.notEqual(owner.pid, pid);
  return {
    child,
    closed,
    commandPid: owner.pid,
    output: () => stdout + stderr,
    [Symbol.dispose]() {
      kill();
      ending[Symbol.dispose]();
    },
  };
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP'] as const) {
  test(`${signal} to the launcher alone stops the run in order`, { skip }, async () => {
    using run = await launch(signal);
    process.kill(run.child.pid ?? 0, signal);
    assert.deepEqual(await run.closed, [0, null], run.output());
    assert.ok(!isAlive(run.commandPid));
  });
}

test('one Ctrl-C of a terminal, which reaches both, is one', { skip }, async () => {
  using run = await launch('ctrl-c');
  process.kill(-(run.child.pid ?? 0), 'SIGINT');
  assert.deepEqual(await run.closed, [0, null], run.output());
});

test(
  'the run ends in order when the launcher is killed, and leaves its folder to the next one',
  { skip },
  async () => {
    {
      using run = await launch('killed');
      run.child.kill('SIGKILL');
      // Its output closes only when the command has ended, too.
      assert.deepEqual(await run.closed, [null, 'SIGKILL']);
      assert.match(run.output(), /"message":"stopped"/, 'at the border of a transaction');
      while (isAlive(run.commandPid)) await delay(20);
    }
    using next = await launch('killed');
    next.child.kill('SIGTERM');
    assert.deepEqual(await next.closed, [0, null], next.output());
  },
);

test(
  'the launcher ends as the command ends: by its status, or by the signal that ended it',
  { skip },
  async () => {
    const { status, stderr } = spawnSync(node ?? '', [bin, 'run', '--source', 'nowhere.yaml'], {
      cwd: folder.path,
      encoding: 'utf8',
    });
    assert.equal(status, 1, stderr);
    assert.equal(spawnSync(node ?? '', [bin, '--version-of-nothing']).status, 1);
    using run = await launch('ended');
    process.kill(run.commandPid, 'SIGKILL');
    assert.deepEqual(await run.closed, [null, 'SIGKILL']);
  },
);
