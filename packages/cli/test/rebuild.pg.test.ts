// After a lost slot the source is read anew, and rows that went meanwhile are gone from no table by that alone. A reset leaves
// exactly the rows of the source, in every table that is made of the collection.

import { missingPostgres, postgresVersions, startPostgres, temporaryDirectory } from '@weir/testing';
import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { test } from 'node:test';
import { weir } from './weir-process.ts';

/** `backfill`: of the capture's binding and of the table. */
function catalog(port: number, backfill: number): string {
  const tables = ['a', 'b'];
  const schema = { type: 'object', properties: { id: { type: 'integer' } }, required: ['id'] };
  const config = {
    address: `127.0.0.1:${port}`,
    user: 'postgres',
    database: 'postgres',
    historyMode: false,
    credentials: { auth_type: 'UserPassword', password: 'postgres' },
  };
  return JSON.stringify({
    collections: Object.fromEntries(tables.map((table) => [`acme/${table}`, { key: ['/id'], schema }])),
    captures: {
      'acme/source': {
        endpoint: { connector: { image: 'source-postgres', config } },
        bindings: tables.map((stream) => ({
          resource: { namespace: 'public', stream },
          target: `acme/${stream}`,
          backfill,
        })),
      },
    },
    materializations: {
      'acme/sink': {
        endpoint: { connector: { image: 'materialize-sqlite', config: { path: 'sink.db' } } },
        bindings: tables.map((table) => ({ resource: { table }, source: `acme/${table}`, backfill })),
      },
      'acme/other': {
        endpoint: { connector: { image: 'materialize-sqlite', config: { path: 'other.db' } } },
        bindings: [
          { resource: { table: 'copy' }, source: 'acme/a' },
          { resource: { table: 'log', delta_updates: true }, source: 'acme/a' },
        ],
      },
    },
  });
}

for (const version of postgresVersions) {
  test(
    `[G3] a collection that is reset has its tables built anew, without the rows that went unseen, on PostgreSQL ${version}`,
    { skip: missingPostgres(version) },
    async () => {
      await using server = await startPostgres({ version });
      using folder = temporaryDirectory();
      const write = (backfill: number) =>
        writeFileSync(join(folder.path, 'flow.json'), catalog(server.port, backfill));
      write(1);
      const run = () => weir(folder.path, 'run', '--source', 'flow.json', '--until-caught-up');
      const rows = (table: string, file = 'sink.db'): unknown[] => {
        const database = new DatabaseSync(join(folder.path, file), { readOnly: true });
        const found = database.prepare(`SELECT id FROM "${table}" ORDER BY id`).all();
        database.close();
        return found.map(({ id }) => id);
      };
      await server.query(`CREATE TABLE a (id int PRIMARY KEY); CREATE TABLE b (id int PRIMARY KEY);
                          INSERT INTO a VALUES (1), (2), (3); INSERT INTO b VALUES (1), (2), (3)`);
      const first = run();
      assert.equal(first.status, 0, first.stderr);

      await server.query("SELECT pg_drop_replication_slot('flow_slot')");
      await server.query(`DELETE FROM a WHERE id = 2; INSERT INTO a VALUES (4);
                          DELETE FROM b WHERE id = 2; INSERT INTO b VALUES (4)`);
      const lost = run();
      assert.notEqual(lost.status, 0);
      assert.match(lost.stdout + lost.stderr, /PG_SLOT_MISSING[^]*weir backfill <task> --all/);
      assert.deepEqual(rows('a'), [1, 2, 3]);

      const ask = (...given: string[]) => {
        const asked = weir(folder.path, 'backfill', ...given);
        assert.equal(asked.status, 0, asked.stderr);
        return asked.stdout;
      };
      const refused = weir(folder.path, 'backfill', 'acme/sink', 'a', '--reset');
      assert.match(refused.stderr, /RESET_NOT_A_CAPTURE/);
      assert.match(ask('acme/source', '--all'), /stay in the tables downstream, unless you add --reset/);
      assert.equal(
        ask('acme/source', 'acme/a', '--reset'),
        `acme/other: copy will be emptied, and filled from what is captured from now on.
acme/other: log will be emptied, and filled from what is captured from now on.
acme/sink: a will be emptied, and filled from what is captured from now on.
acme/source: public.a will be backfilled.
What acme/source has captured until now is read no more: rows that its source does not send again will be in no table. --from-the-beginning takes that back.
The next \`weir run\` does it.
`,
      );
      // Numbers that go down are made up for, also where a backfill was asked for meanwhile.
      write(0);
      const last = run();
      assert.equal(last.status, 0, last.stderr);
      for (const [table, file] of [['a'], ['copy', 'other.db'], ['log', 'other.db']] as const) {
        assert.deepEqual(rows(table, file), [1, 3, 4], table);
      }
      assert.deepEqual(rows('b'), [1, 2, 3, 4]);
      const read = weir(folder.path, 'read', 'acme/a');
      assert.equal(read.stdout.trim().split('\n').length, 3);

      // A table that is built again later has not more of the collection either.
      ask('acme/sink', 'a');
      assert.equal(run().status, 0);
      assert.deepEqual(rows('a'), [1, 3, 4]);

      // So it is where nothing was captured since.
      const again = ['acme/source', 'acme/a', '--reset'];
      await server.query('DELETE FROM a');
      ask(...again);
      assert.equal(run().status, 0);
      ask(...again);
      assert.equal(run().status, 0);
      for (const [table, file] of [['a'], ['copy', 'other.db'], ['log', 'other.db']] as const) {
        assert.deepEqual(rows(table, file), []);
      }

      // It goes on from there.
      await server.query('INSERT INTO a VALUES (5)');
      assert.equal(run().status, 0);
      assert.deepEqual(rows('a'), [5]);
      assert.deepEqual(rows('copy', 'other.db'), [5]);

      // What was captured before is still there, and comes back on request.
      const both = weir(folder.path, 'backfill', ...again, '--from-the-beginning');
      assert.match(both.stderr, /cannot be used with/);
      assert.match(ask('acme/source', 'acme/a', '--from-the-beginning'), /acme\/sink: a will be emptied/);
      assert.equal(run().status, 0);
      for (const [table, file] of [['a'], ['copy', 'other.db'], ['log', 'other.db']] as const) {
        const found = rows(table, file);
        assert.ok(found.includes(2) && found.includes(5), `${table}: ${JSON.stringify(found)}`);
      }
      ask(...again);
      assert.equal(run().status, 0);
      assert.deepEqual(rows('a'), [5]);
    },
  );
}
