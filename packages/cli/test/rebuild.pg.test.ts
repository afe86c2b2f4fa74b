// After a lost slot the source is read anew, and rows that went meanwhile are gone from no table by that alone. What the
// command says then leaves exactly the rows of the source, of the tables that it is done for.

import { missingPostgres, postgresVersions, startPostgres, temporaryDirectory } from '@weir/testing';
import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { test } from 'node:test';
import { weir } from './weir-process.ts';

function catalog(port: number, notBefore?: string): string {
  const tables = ['a', 'b'];
  const schema = { type: 'object', properties: { id: { type: 'integer' } }, required: ['id'] };
  const config = {
    address: `127.0.0.1:${port}`,
    user: 'postgres',
    database: 'postgres',
    historyMode: false,
    credentials: { auth_type: 'UserPassword', password: 'postgres' },
  };
  const sourceOf = (table: string) =>
    table === 'a' && notBefore !== undefined ? { name: 'acme/a', notBefore } : `acme/${table}`;
  return JSON.stringify({
    collections: Object.fromEntries(tables.map((table) => [`acme/${table}`, { key: ['/id'], schema }])),
    captures: {
      'acme/source': {
        endpoint: { connector: { image: 'source-postgres', config } },
        bindings: tables.map((stream) => ({
          resource: { namespace: 'public', stream },
          target: `acme/${stream}`,
        })),
      },
    },
    materializations: {
      'acme/sink': {
        endpoint: { connector: { image: 'materialize-sqlite', config: { path: 'sink.db' } } },
        bindings: tables.map((table) => ({ resource: { table }, source: sourceOf(table) })),
      },
    },
  });
}

for (const version of postgresVersions) {
  test(
    `one table is built anew without the rows that went unseen, on PostgreSQL ${version}`,
    { skip: missingPostgres(version) },
    async () => {
      await using server = await startPostgres({ version });
      using folder = temporaryDirectory();
      const write = (notBefore?: string) =>
        writeFileSync(join(folder.path, 'flow.json'), catalog(server.port, notBefore));
      const run = () => weir(folder.path, 'run', '--source', 'flow.json', '--until-caught-up');
      const rows = (table: string): unknown[] => {
        const database = new DatabaseSync(join(folder.path, 'sink.db'), { readOnly: true });
        const found = database.prepare(`SELECT id FROM "${table}" ORDER BY id`).all();
        database.close();
        return found.map(({ id }) => id);
      };
      await server.query(`CREATE TABLE a (id int PRIMARY KEY); CREATE TABLE b (id int PRIMARY KEY);
                          INSERT INTO a VALUES (1), (2), (3); INSERT INTO b VALUES (1), (2), (3)`);
      write();
      const first = run();
      assert.equal(first.status, 0, first.stderr);

      await server.query("SELECT pg_drop_replication_slot('flow_slot')");
      await server.query(`DELETE FROM a WHERE id = 2; INSERT INTO a VALUES (4);
                          DELETE FROM b WHERE id = 2; INSERT INTO b VALUES (4)`);
      const lost = run();
      assert.notEqual(lost.status, 0);
      assert.match(lost.stdout + lost.stderr, /PG_SLOT_MISSING[^]*weir backfill <task> --all/);
      assert.deepEqual(rows('a'), [1, 2, 3]);

      const asked = weir(folder.path, 'backfill', 'acme/source', '--all');
      assert.equal(asked.status, 0, asked.stderr);
      const notBefore = /source: \{ name: acme\/a, notBefore: "([^"]+)" \}/.exec(asked.stdout)?.[1];
      assert.ok(notBefore !== undefined, asked.stdout);
      write(notBefore);
      const rebuilt = weir(folder.path, 'backfill', 'acme/sink', 'a');
      assert.equal(rebuilt.status, 0, rebuilt.stderr);
      assert.doesNotMatch(rebuilt.stdout, /notBefore/);
      const last = run();
      assert.equal(last.status, 0, last.stderr);
      assert.deepEqual(rows('a'), [1, 3, 4]);
      assert.deepEqual(rows('b'), [1, 2, 3, 4]);

      // It goes on from there.
      await server.query('INSERT INTO a VALUES (5)');
      assert.equal(run().status, 0);
      assert.deepEqual(rows('a'), [1, 3, 4, 5]);
    },
  );
}
