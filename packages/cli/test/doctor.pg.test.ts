// weir doctor against a real server: it finds what is wrong and what is risky in one pass, and leaves no trace.

import assert from 'node:assert/strict';
import { existsSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { missingPostgres, startPostgres, temporaryDirectory } from '@weir/testing';
import { weir } from './weir-process.ts';

interface Examined {
  readonly task: string;
  readonly findings: readonly { kind: string; code: string; message: string; fix: string }[];
}

function catalog(port: number, password: string, file: string): string {
  const address = `127.0.0.1:${port}`;
  const credentials = { auth_type: 'UserPassword', password };
  return JSON.stringify({
    captures: {
      'acme/source': {
        endpoint: {
          connector: {
            image: 'source-postgres',
            config: { address, user: 'keeper', database: 'postgres', historyMode: false, credentials },
          },
        },
        bindings: [{ resource: { namespace: 'public', stream: 't' }, target: 'acme/t' }],
      },
    },
    collections: {
      'acme/t': {
        key: ['/id'],
        schema: { type: 'object', properties: { id: { type: 'integer' } }, required: ['id'] },
      },
    },
    materializations: {
      'acme/sink': {
        endpoint: { connector: { image: 'materialize-sqlite', config: { path: file } } },
        bindings: [{ resource: { table: 't' }, source: 'acme/t' }],
      },
    },
  });
}

test(
  'doctor tells every problem and risk of every task with its fix, and changes nothing',
  { skip: missingPostgres(18) },
  async () => {
    await using server = await startPostgres({ version: 18 });
    using folder = temporaryDirectory();
    await server.query(`CREATE TABLE t (id int PRIMARY KEY, v int);
                        CREATE ROLE keeper SUPERUSER LOGIN REPLICATION PASSWORD 'right'`);
    const write = (text: string): void => writeFileSync(join(folder.path, 'flow.json'), text);
    const doctor = (): { status: number | null; examined: Examined[]; text: string } => {
      const { status, stdout, stderr } = weir(folder.path, 'doctor', 'flow.json', '--json');
      assert.equal(stderr, '');
      const examined = stdout
        .split('\n')
        .filter((line) => line !== '')
        .map((line) => JSON.parse(line) as Examined);
      return { status, examined, text: stdout };
    };

    write(catalog(server.port, 'right', 'sink.db'));
    const risky = doctor();
    assert.equal(risky.status, 0);
    assert.deepEqual(
      risky.examined.map(({ task, findings }) => [task, findings.map(({ kind }) => kind)]),
      [
        ['acme/source', ['risk']],
        ['acme/sink', []],
      ],
    );
    assert.match(risky.text, /max_slot_wal_keep_size has no limit/);

    await server.query(`ALTER SYSTEM SET max_slot_wal_keep_size = '10GB'`);
    await server.query('SELECT pg_reload_conf()');
    await server.query('CREATE PUBLICATION flow_publication FOR TABLE t (id) WHERE (id > 5)');
    const filtered = doctor();
    assert.equal(filtered.status, 0);
    assert.match(filtered.text, /leaves out rows and columns of public\.t/);
    await server.query('DROP PUBLICATION flow_publication');
    const text = weir(folder.path, 'doctor', 'flow.json');
    assert.equal(text.stdout, 'acme/source: well\nacme/sink: well\n');

    write(catalog(server.port, 'wr0ng', '/nowhere/sink.db'));
    const broken = doctor();
    assert.equal(broken.status, 1);
    assert.deepEqual(
      broken.examined.map(({ task, findings: [first] }) => [task, first?.kind, first?.code]),
      [
        ['acme/source', 'problem', 'PG_AUTH_FAILED'],
        ['acme/sink', 'problem', 'SQLITE_CANNOT_OPEN'],
      ],
    );
    assert.ok(!broken.text.includes('wr0ng'));
    assert.ok(broken.examined.every(({ findings: [first] }) => (first?.fix ?? '') !== ''));

    assert.deepEqual(await server.query('SELECT slot_name FROM pg_replication_slots'), []);
    assert.deepEqual(await server.query('SELECT pubname FROM pg_publication'), []);
    assert.deepEqual(readdirSync(folder.path), ['flow.json']);
    assert.ok(!existsSync(join(folder.path, '.weir')));
  },
);
