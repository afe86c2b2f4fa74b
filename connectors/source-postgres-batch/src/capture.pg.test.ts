import { missingPostgres, postgresVersions, startPostgres, type PostgresServer } from '@weir/testing';
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { BatchHarness, bind, discover, endpointConfig, query } from '../test/batch-harness.ts';

for (const version of postgresVersions) {
  describe(`a batch capture of PostgreSQL ${version}`, { skip: missingPostgres(version) }, () => {
    let server: PostgresServer;
    before(async () => (server = await startPostgres({ version })));
    after(async () => server[Symbol.asyncDispose]());

    const column = (documents: readonly Record<string, unknown>[], name: string) =>
      documents.map((document) => document[name]);

    test('along transaction ids takes what is new and what was updated, and counts on', async () => {
      await server.query(`CREATE TABLE simple (id int PRIMARY KEY, v text);
                          INSERT INTO simple SELECT i, 'first' FROM generate_series(0, 9) i`);
      const config = endpointConfig(server);
      const capture = new BatchHarness(config, [await bind(config, 'simple')]);
      const first = await capture.poll();
      assert.deepEqual(column(first, 'id'), [0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
      assert.ok(first.every((document) => typeof document['txid'] === 'number' && !('ctid' in document)));
      assert.deepEqual(first[3]?._meta.source, { resource: 'simple', schema: 'public', table: 'simple' });
      assert.deepEqual(await capture.poll(), []);
      await server.query(`INSERT INTO simple SELECT i, 'second' FROM generate_series(10, 19) i`);
      const second = await capture.poll();
      assert.deepEqual(
        second.map(({ _meta }) => _meta.row_id),
        [10, 11, 12, 13, 14, 15, 16, 17, 18, 19],
      );
      assert.deepEqual([second[0]?._meta.index, second[0]?._meta.op], [0, undefined]);
      await server.query(
        `UPDATE simple SET v = 'third' WHERE id IN (3, 15); DELETE FROM simple WHERE id = 4`,
      );
      assert.deepEqual(new Set(column(await capture.poll(), 'id')), new Set([3, 15]));
      const state = capture.bindingState('simple');
      assert.deepEqual(
        [state['Mode'], state['NextXID'], state['ScanTID'], state['DocumentCount']],
        ['Incremental (XMIN)', 0, '', 22],
      );
      assert.ok(Number(state['BaseXID']) > 3);
    });

    test('rows of a transaction that is still running come when it has ended, and once', async () => {
      await server.query('CREATE TABLE open_transactions (id int PRIMARY KEY)');
      const config = endpointConfig(server);
      const capture = new BatchHarness(config, [await bind(config, 'open_transactions')]);
      const writer = await server.connect();
      await writer.query('BEGIN; INSERT INTO open_transactions VALUES (1)');
      await server.query('INSERT INTO open_transactions VALUES (2)');
      // The second row is younger than the transaction that runs: it may come at once, or with it.
      await capture.poll();
      await writer.query('COMMIT');
      await writer.close();
      await capture.poll();
      await capture.poll();
      assert.deepEqual(new Set(column(capture.documents, 'id')), new Set([1, 2]));
      assert.equal(capture.texts.length, 2);
    });

    test('partitions are scanned together, and every row comes once', async () => {
      await server.query(`CREATE TABLE parts (id int, v text, PRIMARY KEY (id)) PARTITION BY RANGE (id);
        CREATE TABLE parts_a PARTITION OF parts FOR VALUES FROM (0) TO (500);
        CREATE TABLE parts_b PARTITION OF parts FOR VALUES FROM (500) TO (5000) PARTITION BY RANGE (id);
        CREATE TABLE parts_b1 PARTITION OF parts_b FOR VALUES FROM (500) TO (5000);
        INSERT INTO parts SELECT i, repeat('x', 500) FROM generate_series(0, 3999) i`);
      const config = endpointConfig(server);
      const names = (await discover(config)).map(({ recommendedName }) => recommendedName);
      assert.deepEqual(
        names.filter((name) => name.includes('parts')),
        ['public/parts'],
      );
      const capture = new BatchHarness(config, [await bind(config, 'parts')]);
      await capture.poll();
      assert.equal(new Set(column(capture.documents, 'id')).size, 4000);
      assert.equal(capture.texts.length, 4000);
    });

    test('without a key each row has a number, and says that it was created', async () => {
      await server.query(`CREATE TABLE keyless (v text); INSERT INTO keyless VALUES ('a'), ('b')`);
      const config = endpointConfig(server);
      const binding = await bind(config, 'keyless');
      assert.deepEqual(binding.key, ['/_meta/row_id']);
      const capture = new BatchHarness(config, [binding]);
      await capture.poll();
      await server.query(`UPDATE keyless SET v = 'c' WHERE v = 'a'`);
      await capture.poll();
      assert.deepEqual(
        capture.documents.map(({ v, _meta }) => [v, _meta.row_id, _meta.op]),
        [
          ['a', 0, 'c'],
          ['b', 1, 'c'],
          ['c', 2, 'c'],
        ],
      );
    });

    test('without a cursor everything is read again, and rows that are gone are deleted by their number', async () => {
      await server.query(`CREATE TABLE refreshed (v text); INSERT INTO refreshed VALUES ('a'), ('b'), ('c')`);
      const config = endpointConfig(server);
      const capture = new BatchHarness(config, [await bind(config, 'refreshed', { cursor: [] })]);
      await capture.poll();
      await server.query(`DELETE FROM refreshed WHERE v = 'b'`);
      const second = await capture.poll();
      assert.deepEqual(
        second.map(({ v, _meta }) => [v, _meta.row_id, _meta.op]),
        [
          ['a', 0, 'u'],
          ['c', 1, 'u'],
          [undefined, 2, 'd'],
        ],
      );
      await server.query('TRUNCATE refreshed');
      assert.deepEqual(
        (await capture.poll()).map(({ _meta }) => _meta.op),
        ['d', 'd'],
      );
      assert.deepEqual(await capture.poll(), []);
    });

    test('with the flag no_keyless_row_id, rows without a key are keyed by poll and position', async () => {
      await server.query(`CREATE TABLE old_key (v text); INSERT INTO old_key VALUES ('a')`);
      const config = endpointConfig(server, { feature_flags: 'no_keyless_row_id' });
      const binding = await bind(config, 'old_key');
      assert.deepEqual(binding.key, ['/_meta/polled', '/_meta/index']);
      const [document] = await new BatchHarness(config, [binding]).poll();
      assert.equal('op' in (document?._meta ?? {}), false);
    });

    test('along a column of timestamps, updates come and older rows do not', async () => {
      await server.query(`CREATE TABLE stamped (id int PRIMARY KEY, updated timestamptz NOT NULL);
        INSERT INTO stamped SELECT i, '2024-05-01 12:00:00.123456+02'::timestamptz + i * interval '1 second'
          FROM generate_series(1, 5) i`);
      const config = endpointConfig(server);
      const capture = new BatchHarness(config, [await bind(config, 'stamped', { cursor: ['updated'] })]);
      assert.deepEqual(column(await capture.poll(), 'id'), [1, 2, 3, 4, 5]);
      assert.equal(capture.documents[0]?.['updated'], '2024-05-01T10:00:01.123456Z');
      assert.deepEqual(await capture.poll(), []);
      await server.query(`UPDATE stamped SET updated = '2024-06-01' WHERE id = 2;
                          INSERT INTO stamped VALUES (6, '2023-01-01'), (7, '2024-05-20')`);
      assert.deepEqual(column(await capture.poll(), 'id'), [7, 2]);
    });

    test('along two columns rows are compared as pairs', async () => {
      await server.query(`CREATE TABLE pairs (id serial PRIMARY KEY, major int NOT NULL, minor int NOT NULL);
        INSERT INTO pairs (major, minor) VALUES (1, 1), (1, 2), (2, 1), (4, 3)`);
      const config = endpointConfig(server);
      const capture = new BatchHarness(config, [await bind(config, 'pairs', { cursor: ['major', 'minor'] })]);
      await capture.poll();
      assert.deepEqual(capture.bindingState('pairs')['CursorValues'], [4, 3]);
      await server.query('INSERT INTO pairs (major, minor) VALUES (0, 99), (4, 2), (4, 4), (3, 100), (5, 0)');
      const next = await capture.poll();
      assert.deepEqual(
        next.map(({ major, minor }) => [major, minor]),
        [
          [4, 4],
          [5, 0],
        ],
      );
    });

    test('rows without a value in a cursor column are neither lost nor read again and again', async () => {
      await server.query(`CREATE TABLE nulls (id int PRIMARY KEY, a int, b int);
        INSERT INTO nulls VALUES (1, NULL, 1), (2, 1, 1), (3, 1, NULL), (4, 2, 5)`);
      const config = endpointConfig(server);
      const capture = new BatchHarness(config, [await bind(config, 'nulls', { cursor: ['a', 'b'] })]);
      assert.deepEqual(column(await capture.poll(), 'id'), [1, 2, 3, 4]);
      await server.query('INSERT INTO nulls VALUES (5, 2, NULL), (6, 1, NULL), (7, 3, NULL)');
      assert.deepEqual(column(await capture.poll(), 'id'), [5, 7]);
      assert.deepEqual(capture.bindingState('nulls')['CursorValues'], [3, null]);
      await server.query('INSERT INTO nulls VALUES (8, 3, 1), (9, 4, 0)');
      assert.deepEqual(column(await capture.poll(), 'id'), [9]);
    });

    test('integers beyond 2^53 are exact as values and as cursors', async () => {
      await server.query(`CREATE TABLE bigs (id bigint PRIMARY KEY);
                          INSERT INTO bigs VALUES (9007199254740993), (9223372036854775806)`);
      const config = endpointConfig(server);
      const capture = new BatchHarness(config, [await bind(config, 'bigs', { cursor: ['id'] })]);
      await capture.poll();
      assert.match(capture.texts[0] ?? '', /"id":9007199254740993[,}]/);
      assert.match(capture.stateText, /"CursorValues":\[9223372036854775806\]/);
      await server.query('INSERT INTO bigs VALUES (9223372036854775805), (9223372036854775807)');
      await capture.poll();
      assert.equal(capture.texts.length, 3);
      assert.match(capture.texts[2] ?? '', /"id":9223372036854775807[,}]/);
    });

    test('hostile names of schemas, tables and columns are only names', async () => {
      await server.query(`CREATE TABLE bystander (id int); CREATE SCHEMA "we""ird; DROP TABLE bystander--";
        CREATE TABLE "we""ird; DROP TABLE bystander--"."t{{.X}} /~" ("a""b" int PRIMARY KEY, "c{{d}}" text, "_meta" text);
        INSERT INTO "we""ird; DROP TABLE bystander--"."t{{.X}} /~" VALUES (1, 'x', 'mine'), (2, 'y', 'mine')`);
      const config = endpointConfig(server, { discover_schemas: ['we"ird; DROP TABLE bystander--'] });
      const found = await discover(config);
      const name = found[0]?.resource.name ?? '';
      assert.equal(name, 'we_ird__drop_table_bystander--_t__.x_____');
      for (const cursor of [['txid'], ['a"b'], []]) {
        const capture = new BatchHarness(config, [await bind(config, name, { cursor })]);
        const documents = await capture.poll();
        assert.deepEqual(column(documents, 'a"b'), [1, 2]);
        assert.equal(documents[0]?._meta.source['table'], 't{{.X}} /~');
        await capture.poll();
      }
      const template = `SELECT * FROM {{quoteTableName .SchemaName .TableName}}
        {{if not .IsFirstQuery}}WHERE {{index .CursorFields 0}} > $1{{end}} ORDER BY {{index .CursorFields 0}}`;
      const { resource } = await bind(config, name, { cursor: ['a"b'] });
      const capture = new BatchHarness(config, [
        query('templated', template, { ...resource, name: 'templated', template }),
      ]);
      assert.deepEqual(column(await capture.poll(), 'a"b'), [1, 2]);
      assert.deepEqual(await capture.poll(), []);
      assert.deepEqual(await server.query(`SELECT 1 FROM pg_class WHERE relname = 'bystander'`), [
        { '?column?': '1' },
      ]);
    });

    test('a cursor whose type lives outside of the search_path goes by the order of its type', async () => {
      await server.query(`CREATE SCHEMA ext; CREATE EXTENSION citext SCHEMA ext;
        CREATE TABLE folded (k ext.citext, n int, PRIMARY KEY (k, n)); INSERT INTO folded VALUES ('a', 1), ('B', 1)`);
      const config = endpointConfig(server);
      const capture = new BatchHarness(config, [await bind(config, 'folded', { cursor: ['k', 'n'] })]);
      assert.deepEqual(column(await capture.poll(), 'k'), ['a', 'B']);
      await server.query("INSERT INTO folded VALUES ('A', 2), ('b', 2), ('c', 0)");
      assert.deepEqual(column(await capture.poll(), 'k'), ['b', 'c']);
      await server.query("INSERT INTO folded VALUES ('b', 9), ('D', 1)");
      assert.deepEqual(column(await capture.poll(), 'k'), ['D']);
    });

    test('a template asks for what it likes, with the last values as its parameters', async () => {
      await server.query(`CREATE TABLE events (id int PRIMARY KEY, kind text);
                          INSERT INTO events SELECT i, CASE i % 2 WHEN 0 THEN 'even' ELSE 'odd' END FROM generate_series(1, 10) i`);
      const config = endpointConfig(server, { source_tag: 'mine' });
      const template = `SELECT id AS number, kind FROM {{quoteTableName "public" "events"}}
        WHERE kind = 'odd'{{if not .IsFirstQuery}} AND id > $1{{end}} ORDER BY id;`;
      const capture = new BatchHarness(config, [query('odd', template, { cursor: ['number'] })]);
      assert.deepEqual(column(await capture.poll(), 'number'), [1, 3, 5, 7, 9]);
      await server.query(`INSERT INTO events VALUES (11, 'odd'), (12, 'even'), (13, 'odd')`);
      assert.deepEqual(column(await capture.poll(), 'number'), [11, 13]);
      assert.deepEqual(capture.documents[0]?._meta.source, { resource: 'odd', tag: 'mine' });
    });

    test('a query of two tables with one column name keeps the last, and of no rows commits its poll', async () => {
      const config = endpointConfig(server);
      const capture = new BatchHarness(config, [
        query('twice', "SELECT 1 AS a, 2 AS b, 3 AS a, ARRAY[1, 2] AS list, '(1,x)'::text AS c"),
        query('none', 'SELECT 1 AS a WHERE false'),
      ]);
      const [document] = await capture.poll();
      assert.deepEqual([document?.['a'], document?.['list']], [3, '{1,2}']);
      assert.notEqual(capture.bindingState('none')['LastPolled'], undefined);
    });

    test('a cursor column that does not exist is told with the state of the server', async () => {
      await server.query('CREATE TABLE no_cursor (id int PRIMARY KEY)');
      const config = endpointConfig(server);
      const capture = new BatchHarness(config, [await bind(config, 'no_cursor', { cursor: ['updated'] })]);
      await assert.rejects(capture.poll(), /PG_QUERY_FAILED: .*"no_cursor" failed: .*"updated".*42703/);
      capture.bindings = [query('q', 'SELECT 1 AS a', { cursor: ['b'] })];
      await assert.rejects(capture.poll(), /SQLBATCH_CURSOR_MISSING: .*"q" has no column "b"/);
    });

    test('what has no transaction ids is not polled along them: a view is an error and not an empty table', async () => {
      await server.query(`CREATE TABLE below_view (id int PRIMARY KEY); INSERT INTO below_view VALUES (1);
        CREATE VIEW txid_view AS SELECT id FROM below_view;
        CREATE MATERIALIZED VIEW txid_matview AS SELECT id FROM below_view`);
      const table = (name: string) => {
        const resource = { name, schema: 'public', table: name, cursor: ['txid'] };
        return { resource, key: ['/id'], documentSchema: '{}' };
      };
      const config = endpointConfig(server);
      const refused = /PG_NO_TRANSACTION_IDS: "txid_view" is polled along txid/;
      await assert.rejects(new BatchHarness(config, [table('txid_view')]).poll(), refused);
      const materialized = new BatchHarness(config, [table('txid_matview')]);
      assert.deepEqual(column(await materialized.poll(), 'id'), [1]);
      await server.query('INSERT INTO below_view VALUES (2); REFRESH MATERIALIZED VIEW txid_matview');
      assert.deepEqual(column(await materialized.poll(), 'id'), [1, 2]);
      const found = (await discover(config)).map(({ resource }) => resource.name);
      assert.ok(found.includes('below_view') && !found.includes('txid_matview'));
    });

    test('a query that fails after half of its rows keeps what was committed, and goes on there', async () => {
      await server.query(`CREATE TABLE halfway (id int PRIMARY KEY, divisor int NOT NULL);
        INSERT INTO halfway SELECT i, CASE i WHEN 2500 THEN 0 ELSE 1 END FROM generate_series(1, 4000) i`);
      const template =
        'SELECT id, 1 / divisor AS v FROM halfway {{if not .IsFirstQuery}}WHERE id > $1{{end}} ORDER BY id';
      const capture = new BatchHarness(endpointConfig(server), [
        query('halfway', template, { cursor: ['id'] }),
      ]);
      await assert.rejects(capture.poll(), /PG_QUERY_FAILED: .*"halfway" failed: division by zero.*22012/);
      const before = capture.texts.length;
      assert.ok(before >= 1000 && before < 2500, `${before} rows`);
      await server.query('UPDATE halfway SET divisor = 1');
      await capture.poll();
      const expected = Array.from({ length: 4000 }, (_, index) => index + 1);
      assert.deepEqual(column(capture.documents, 'id'), expected);
      assert.deepEqual(
        capture.documents.map(({ _meta }) => _meta.row_id),
        expected.map((id) => id - 1),
      );
    });

    test('columns that come, go and change their type between polls are what the documents have', async () => {
      await server.query(`CREATE TABLE changing (id int PRIMARY KEY, a int, b text);
                          INSERT INTO changing VALUES (1, 1, 'x')`);
      const config = endpointConfig(server);
      const capture = new BatchHarness(config, [await bind(config, 'changing', { cursor: ['id'] })]);
      await capture.poll();
      await server.query(`ALTER TABLE changing DROP COLUMN a, ADD COLUMN c date, ALTER COLUMN b TYPE bytea USING b::bytea;
                          INSERT INTO changing VALUES (2, 'y', '2024-01-02')`);
      await capture.poll();
      assert.deepEqual(
        capture.documents.map(({ _meta, ...row }) => row),
        [
          { id: 1, a: 1, b: 'x' },
          { id: 2, b: 'eQ==', c: '2024-01-02T00:00:00Z' },
        ],
      );
      assert.deepEqual(
        Object.keys((capture.schemas.at(-1) as { properties: object }).properties).toSorted(),
        ['_meta', 'b', 'c', 'id'],
      );
    });

    test('cursors, dates and schedules are the same whatever zone and style the user has', async () => {
      await server.query(`CREATE ROLE abroad LOGIN SUPERUSER PASSWORD 'postgres';
        ALTER ROLE abroad SET timezone = 'Asia/Kathmandu'; ALTER ROLE abroad SET datestyle = 'German, DMY';
        CREATE TABLE zoned (id int PRIMARY KEY, at timestamptz NOT NULL, local timestamp NOT NULL, day date NOT NULL);
        INSERT INTO zoned VALUES (1, '2024-03-31 00:59:59.5Z', '2024-03-31 02:30', '2024-12-03')`);
      const config = { ...endpointConfig(server), user: 'abroad' };
      const capture = new BatchHarness(config, [await bind(config, 'zoned', { cursor: ['at', 'local'] })]);
      await capture.poll();
      await server.query(`INSERT INTO zoned VALUES (2, '2024-03-31 00:59:59.4Z', '2025-01-01', '2024-12-03'),
        (3, '2024-03-31 00:59:59.5Z', '2024-03-31 02:31', '2024-12-04')`);
      await capture.poll();
      assert.deepEqual(
        capture.documents.map(({ id, at, local, day }) => [id, at, local, day]),
        [
          [1, '2024-03-31T00:59:59.5Z', '2024-03-31T02:30:00Z', '2024-12-03T00:00:00Z'],
          [3, '2024-03-31T00:59:59.5Z', '2024-03-31T02:31:00Z', '2024-12-04T00:00:00Z'],
        ],
      );
    });

    test('a table that is rewritten between two chunks is scanned from its start again', async () => {
      await server.query(`CREATE TABLE rewritten (id int PRIMARY KEY, v text) WITH (fillfactor = 10);
        INSERT INTO rewritten SELECT i, repeat('x', 400) FROM generate_series(1, 5000) i`);
      const config = endpointConfig(server);
      const capture = new BatchHarness(config, [await bind(config, 'rewritten')]);
      let done: Promise<unknown> | undefined;
      await capture.run({ SHUTDOWN_AFTER_POLLING: 'yes' }, (documents) => {
        if (documents > 0) done ??= server.query('VACUUM FULL rewritten');
      });
      assert.notEqual(done, undefined, 'the scan ended before the table could be rewritten');
      await done;
      await capture.poll();
      assert.equal(new Set(column(capture.documents, 'id')).size, 5000);
    });

    test('row security leaves out what the user may not see, in each poll', async () => {
      await server.query(`CREATE TABLE tenants (id int PRIMARY KEY, tenant text); ALTER TABLE tenants ENABLE ROW LEVEL SECURITY;
                          CREATE ROLE tenant_a LOGIN PASSWORD 'a'; GRANT SELECT ON tenants TO tenant_a;
                          CREATE POLICY own ON tenants USING (tenant = current_user);
                          INSERT INTO tenants VALUES (1, 'tenant_a'), (2, 'tenant_b')`);
      const config = { ...endpointConfig(server), user: 'tenant_a', password: 'a' };
      const capture = new BatchHarness(config, [await bind(config, 'tenants')]);
      assert.deepEqual(column(await capture.poll(), 'id'), [1]);
      await server.query("INSERT INTO tenants VALUES (3, 'tenant_b'), (4, 'tenant_a')");
      assert.deepEqual(column(await capture.poll(), 'id'), [4]);
    });
  });
}
