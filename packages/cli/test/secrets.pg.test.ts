// Where a password must not turn up: in what the command prints, however much it logs, and in the state folder.

import assert from 'node:assert/strict';
import { globSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { missingPostgres, startPostgres, temporaryDirectory } from '@weir/testing';
import { type Ended, weir } from './weir-process.ts';

const password = 'Tr0ub4dor&3 ünd "so"';
/** Parts of it that survive quoting and escaping of any kind. */
const traces = ['Tr0ub4dor', 'ünd'];

function catalog(port: number, user: string): string {
  return JSON.stringify({
    captures: {
      'acme/source': {
        endpoint: {
          connector: {
            image: 'source-postgres',
            config: {
              address: `127.0.0.1:${port}`,
              user,
              database: 'postgres',
              historyMode: false,
              credentials: { auth_type: 'UserPassword', password },
            },
          },
        },
        bindings: [],
      },
    },
  });
}

function assertNothingTold({ stdout, stderr }: Ended): void {
  for (const trace of traces) assert.ok(!`${stdout}${stderr}`.includes(trace), `${stdout}${stderr}`);
}

test(
  '[G9] a password is in no output and no file of the state folder, whether it is right or wrong',
  { skip: missingPostgres(18) },
  async () => {
    await using server = await startPostgres({ version: 18 });
    using folder = temporaryDirectory();
    await server.query(`CREATE TABLE t (id int PRIMARY KEY); INSERT INTO t VALUES (1);
                        CREATE ROLE keeper SUPERUSER LOGIN REPLICATION PASSWORD '${password}';
                        CREATE ROLE other LOGIN REPLICATION PASSWORD 'x'`);
    const source = join(folder.path, 'flow.json');
    const run = (...args: readonly string[]): Ended =>
      weir(folder.path, ...args, '--source', 'flow.json', '--log-level', 'trace');

    writeFileSync(source, catalog(server.port, 'keeper'));
    assertNothingTold(run('discover'));
    const right = run('run', '--until-caught-up');
    assert.equal(right.status, 0, right.stderr);
    assertNothingTold(right);
    assert.match(weir(folder.path, 'read', 'acme/public/t').stdout, /"id":1/);
    assertNothingTold(weir(folder.path, 'status', '--json'));

    writeFileSync(source, readFileSync(source, 'utf8').replace('"keeper"', '"other"'));
    const wrong = run('run', '--until-caught-up');
    assert.equal(wrong.status, 1, wrong.stdout);
    assert.match(wrong.stderr, /PG_AUTH_FAILED/);
    assertNothingTold(wrong);
    assertNothingTold(weir(folder.path, 'status'));

    const files = globSync('.weir/**/*', { cwd: folder.path }).filter((file) =>
      statSync(join(folder.path, file)).isFile(),
    );
    assert.ok(files.some((file) => file.endsWith('store.db')));
    for (const file of files) {
      const bytes = readFileSync(join(folder.path, file));
      for (const trace of traces) assert.ok(!bytes.includes(trace), file);
    }
  },
);
