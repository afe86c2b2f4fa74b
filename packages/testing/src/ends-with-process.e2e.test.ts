import { missingPostgres } from './postgres-server.ts';
import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { temporaryDirectory } from './temporary-directory.ts';
import { until } from './until.ts';

const index = join(import.meta.dirname, 'index.ts');

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}

test(
  'a test file that fails ends, with the server and the processes that it had started',
  {
    skip: missingPostgres(18),
  },
  async () => {
    using folder = temporaryDirectory('weir-failing-');
    const file = join(folder.path, 'failing.test.ts');
    writeFileSync(
      file,
      `import { ConnectorDriver, startPostgres } from ${JSON.stringify(index)};
     import { test } from 'node:test';
     test('it is given up in the middle', { timeout: 10000 }, async (context) => {
       const server = await startPostgres({ version: 18 });
       const driver = new ConnectorDriver({ direction: 'capture', command: ['sleep', '1000'] });
       setInterval(() => undefined, 1000);
       context.diagnostic(JSON.stringify({ pids: [server.pid, driver.pid], data: server.dataDirectory }));
       await server.stop('smart');
       await new Promise(() => undefined);
     });`,
    );
    const { NODE_TEST_CONTEXT: _, ...env } = process.env;
    const { status, stdout, error } = spawnSync(process.execPath, ['--test', '--test-force-exit', file], {
      encoding: 'utf8',
      timeout: 60_000,
      env,
    });
    assert.equal(error, undefined);
    assert.equal(status, 1, stdout);
    const { pids, data } = JSON.parse(/\{"pids".*\}/.exec(stdout)?.[0] ?? '') as {
      pids: number[];
      data: string;
    };
    await until('the processes to be gone', () => !pids.some(isAlive));
    assert.ok(!existsSync(data));
  },
);

for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP'] as const) {
  test(`a test file that ${signal} ends takes its server along`, { skip: missingPostgres(18) }, async () => {
    using folder = temporaryDirectory('weir-signalled-');
    const file = join(folder.path, 'signalled.ts');
    writeFileSync(
      file,
      `import { startPostgres } from ${JSON.stringify(index)};
       const server = await startPostgres({ version: 18 });
       setInterval(() => undefined, 1000);
       console.log(JSON.stringify({ pid: server.pid, data: server.dataDirectory }));`,
    );
    const child = spawn(process.execPath, [file], { stdio: ['ignore', 'pipe', 'inherit'] });
    const [line] = (await once(child.stdout, 'data')) as [Buffer];
    const { pid, data } = JSON.parse(line.toString()) as { pid: number; data: string };
    assert.ok(isAlive(pid));
    child.kill(signal);
    const [, endedBy] = (await once(child, 'exit')) as [number | null, string | null];
    assert.equal(endedBy, signal);
    await until('the server to be gone', () => !isAlive(pid));
    assert.ok(!existsSync(data));
  });
}
