// A refresh token that may be used once, under a runtime that is killed around the moment at which its successor is kept.

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { RotatingProvider, type Strictness, temporaryDirectory, until } from '@weir/testing';

const main = join(import.meta.dirname, '..', 'src', 'main.ts');
const connector = join(import.meta.dirname, '..', '..', 'cdk', 'test', 'rotating-api.ts');
/** A token is renewed after three quarters of its life; a run has to have begun by then. */
const LIVES_SECONDS = 12;

interface Run {
  readonly ended: Promise<{ readonly code: number | null; readonly signal: string | null }>;
  readonly output: () => string;
  readonly stop: () => void;
}

async function world(strictness: Strictness, exchangeMs = 0) {
  const directory = temporaryDirectory('weir-rotating-');
  const folder = directory.path;
  const provider = new RotatingProvider({
    strictness,
    exchangeMs,
    livesSeconds: LIVES_SECONDS,
    answer: () => `{"data":[{"id":1,"at":"${new Date().toISOString().slice(0, 19)}Z"}]}`,
  });
  const address = await provider.listen();
  const config = { address, credentials: provider.credentials };
  const catalog = JSON.stringify({
    captures: {
      'acme/api': {
        endpoint: { local: { command: [process.execPath, connector], config, protobuf: true } },
        bindings: [{ resource: { name: 'rows' }, target: 'acme/rows' }],
      },
    },
    collections: {
      'acme/rows': {
        schema: { type: 'object', properties: { id: { type: 'integer' } }, required: ['id'] },
        key: ['/id'],
      },
    },
  });
  writeFileSync(join(folder, 'flow.yaml'), catalog);
  const start = (env: Readonly<Record<string, string>> = {}): Run => {
    const child = spawn(process.execPath, [main, 'run', '--log-level', 'debug'], {
      cwd: folder,
      env: { ...process.env, ...env },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    let output = '';
    for (const stream of [child.stdout, child.stderr]) {
      stream.setEncoding('utf8').on('data', (text: string) => (output += text));
    }
    const ended = once(child, 'close').then(([code, signal]) => ({ code, signal }) as never);
    return { ended, output: () => output, stop: () => child.kill('SIGTERM') };
  };
  const dispose = (): void => {
    provider[Symbol.dispose]();
    directory[Symbol.dispose]();
  };
  return { folder, provider, catalog, start, [Symbol.dispose]: dispose };
}

/** Until the API has served so many generations of tokens. */
async function generations(run: Run, provider: RotatingProvider, count: number): Promise<void> {
  const served = until(`${count} generations`, () => provider.served.size >= count, { explain: run.output });
  const ended = run.ended.then(() => {
    throw new Error(`it ended: ${run.output()}`);
  });
  await Promise.race([served, ended]);
}

function assertSecretsAreKept(folder: string, catalog: string, output: string): void {
  const kept = readdirSync(join(folder, '.weir', 'configs'));
  assert.equal(kept.length, 1);
  const path = join(folder, '.weir', 'configs', kept[0] ?? '');
  assert.equal(statSync(path).mode & 0o777, 0o600);
  assert.match(readFileSync(path, 'utf8'), /refresh-token-number-/);
  for (const text of [output, readFileSync(join(folder, '.weir', 'store.db'), 'latin1')]) {
    assert.doesNotMatch(text, /refresh-token-number-|access-\d/);
  }
  assert.equal(readFileSync(join(folder, 'flow.yaml'), 'utf8'), catalog);
}

test('[G9][G10] tokens that may be used once are renewed again and again, kept, and printed nowhere', async () => {
  using running = await world('family');
  const { folder, provider, catalog, start } = running;
  const run = start();
  await generations(run, provider, 3);
  run.stop();
  assert.equal((await run.ended).code, 0, run.output());
  const again = start();
  const served = provider.served.size;
  await generations(again, provider, served + 1);
  again.stop();
  assert.equal((await again.ended).code, 0, again.output());
  assert.equal(provider.reuses, 0);
  assertSecretsAreKept(folder, catalog, run.output() + again.output());
});

test('[G10] stopped while a pair is exchanged, the run keeps it, and the next one uses it', async () => {
  using running = await world('family', 500);
  const { provider, start } = running;
  const stopped = start();
  await until('an exchange', () => provider.exchanges === 1, { explain: stopped.output });
  stopped.stop();
  assert.equal((await stopped.ended).code, 0, stopped.output());
  const run = start();
  await generations(run, provider, 1);
  run.stop();
  assert.equal((await run.ended).code, 0, run.output());
  assert.deepEqual([provider.exchanges, provider.reuses], [1, 0]);
});

for (const strictness of ['lenient', 'strict', 'family'] as const) {
  test(`[G10] killed after a pair was kept, the next run uses it (${strictness})`, async () => {
    using running = await world(strictness);
    const { folder, provider, start } = running;
    const killed = start({ WEIR_CRASH_POINT: 'runtime.config.after-keep' });
    assert.equal((await killed.ended).signal, 'SIGKILL', killed.output());
    assert.ok(existsSync(join(folder, '.weir', 'configs')));
    const run = start();
    await generations(run, provider, 2);
    run.stop();
    assert.equal((await run.ended).code, 0, run.output());
    assert.equal(provider.reuses, 0);
  });
}

test('[G10] killed before a pair was kept: a provider that waits for its use takes the old one again', async () => {
  using running = await world('lenient');
  const { provider, start } = running;
  const killed = start({ WEIR_CRASH_POINT: 'runtime.config.before-keep' });
  assert.equal((await killed.ended).signal, 'SIGKILL', killed.output());
  const run = start();
  await generations(run, provider, 2);
  run.stop();
  assert.equal((await run.ended).code, 0, run.output());
  assert.equal(provider.reuses, 1);
});

test('killed before a pair was kept: a provider that does not asks for a new consent, and says so once', async () => {
  using running = await world('family');
  const { provider, start } = running;
  const killed = start({ WEIR_CRASH_POINT: 'runtime.config.before-keep' });
  assert.equal((await killed.ended).signal, 'SIGKILL', killed.output());
  const run = start();
  assert.equal((await run.ended).code, 1, run.output());
  assert.match(run.output(), /CDK_HTTP_UNAUTHORIZED/);
  assert.match(run.output(), /weir oauth/);
  assert.equal(provider.reuses, 1);
});
