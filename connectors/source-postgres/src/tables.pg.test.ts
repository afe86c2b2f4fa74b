// Tables that are truncated, dropped, replaced, renamed or altered, while the capture runs, while it reads them and
// while it is stopped. Each test has a schema, a slot and a publication of its own.

import { missingPostgres, postgresVersions, startPostgres, type PostgresServer } from '@weir/testing';
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { CaptureHarness, discoverBindings, endpointConfig } from '../test/capture-harness.ts';

for (const version of postgresVersions) {
  describe(`tables that change on PostgreSQL ${version}`, { skip: missingPostgres(version) }, () => {
    let server: PostgresServer;
    before(async () => (server = await startPostgres({ version })));
    after(async () => server[Symbol.asyncDispose]());

    /** A capture of the tables of a new schema, which is on the search path of `sql`. */
    async function captureOf(name: string, tables: string, advanced: Record<string, unknown> = {}) {
      await server.query(`CREATE SCHEMA ${name}; SET search_path = ${name}; ${tables}`);
      const config = endpointConfig(server, {
        advanced: { slotName: name, publicationName: name, discover_schemas: [name], ...advanced },
      });
      const capture = new CaptureHarness(config, await discoverBindings(config));
      capture.start();
      return capture;
    }

    const ids = (capture: CaptureHarness, table = 't') =>
      capture.documents(table).map(({ document }) => document['id']);
    const has = (capture: CaptureHarness, id: number | string, table = 't') =>
      capture.until(`the row ${id}`, () => ids(capture, table).includes(id));
    const messages = (capture: CaptureHarness) => capture.logs.map(({ message }) => message).join('\n');
    const table = 'CREATE TABLE t (id int PRIMARY KEY, v int); INSERT INTO t VALUES (1, 0), (2, 0);';

    test('a TRUNCATE is told, and what comes after it is captured as ever', async () => {
      await using capture = await captureOf('trunc_ignore', table);
      await capture.untilActive();
      await server.query('TRUNCATE t; INSERT INTO t VALUES (3, 0)');
      await has(capture, 3);
      assert.deepEqual(ids(capture), [1, 2, 3]);
      assert.match(messages(capture), /trunc_ignore\.t was truncated: the rows that were in it stay/);
    });

    test('after a TRUNCATE the table is read again if the configuration says so, though the capture is killed', async () => {
      await using capture = await captureOf('trunc_backfill', table, { on_truncate: 'backfill' });
      await capture.untilActive();
      await capture.kill('SIGTERM');
      await server.query(
        'BEGIN; INSERT INTO t VALUES (3, 0); TRUNCATE t; INSERT INTO t VALUES (4, 0), (5, 0); COMMIT',
      );
      capture.start({ WEIR_CRASH_POINT: 'sqlcapture.after-chunk:1' });
      await capture.failure();
      const mode = (capture.state['bindingStateV1'] as Record<string, { mode: string }>)['trunc_backfill%2Ft']
        ?.mode;
      assert.equal(mode, 'UnfilteredBackfill');
      capture.start();
      await capture.untilActive();
      const seen = capture
        .documents('t')
        .map(
          ({ document }) =>
            `${JSON.stringify(document['id'])}${document._meta.source.snapshot === true ? ' read' : ''}`,
        );
      assert.deepEqual(seen, ['1 read', '2 read', '3', '4', '5', '4 read', '5 read']);
    });

    test('that a table is read again after a TRUNCATE is checkpointed before it is, though no document is', async () => {
      await using capture = await captureOf('trunc_alone', table, { on_truncate: 'backfill' });
      await capture.untilActive();
      await capture.kill('SIGTERM');
      capture.start({ WEIR_CRASH_POINT: 'sqlcapture.after-chunk:1' });
      await server.query('INSERT INTO t VALUES (3, 0)');
      await has(capture, 3);
      await server.query('TRUNCATE t');
      await capture.failure();
      const states = capture.state['bindingStateV1'] as Record<string, { mode: string }>;
      assert.equal(states['trunc_alone%2Ft']?.mode, 'UnfilteredBackfill');
    });

    test('after a TRUNCATE nothing more is captured if the configuration says stop, until the backfill counter is raised', async () => {
      await using capture = await captureOf('trunc_stop', table, { on_truncate: 'stop' });
      await capture.untilActive();
      await server.query('TRUNCATE t; INSERT INTO t VALUES (3, 0)');
      assert.match(await capture.failure(), /^SQL_TABLE_TRUNCATED: .*trunc_stop\.t/);
      capture.start();
      assert.match(await capture.failure(), /^SQL_TABLE_TRUNCATED/);
      assert.deepEqual(ids(capture), [1, 2]);
      capture.bindings = capture.bindings.map((each) => ({ ...each, backfill: 1 }));
      capture.start();
      await capture.untilActive();
      assert.deepEqual(ids(capture), [1, 2, 3]);
    });

    test('another table under the name of a bound one is an error at the next start, or is read if the configuration says so', async () => {
      await using capture = await captureOf('replaced', table);
      await capture.untilActive();
      await capture.kill('SIGTERM');
      await server.query(`CREATE TABLE fresh (id int PRIMARY KEY, v int); INSERT INTO fresh VALUES (2, 7), (3, 7);
                          BEGIN; ALTER TABLE t RENAME TO old; ALTER TABLE fresh RENAME TO t; COMMIT;
                          INSERT INTO old VALUES (9, 9)`);
      capture.start();
      assert.match(await capture.failure(), /^SQL_TABLE_REPLACED: .*replaced\.t/);
      const { config } = capture;
      await using willing = Object.assign(
        new CaptureHarness(
          { ...config, advanced: { ...(config['advanced'] as object), on_replaced: 'backfill' } },
          capture.bindings,
        ),
        { state: capture.state },
      );
      willing.start();
      await has(willing, 2);
      await willing.untilActive();
      await server.query(
        'UPDATE t SET v = 8 WHERE id = 3; INSERT INTO old VALUES (10, 9); INSERT INTO t VALUES (4, 7)',
      );
      await has(willing, 4);
      assert.deepEqual(willing.rows('t'), [
        { id: 2, v: 7 },
        { id: 3, v: 8 },
        { id: 4, v: 7 },
      ]);
      assert.match(
        messages(willing),
        /another table has the name replaced\.t: it is read from the beginning/,
      );
    });

    test('a table that is dropped and created again while the capture runs is never mixed in silence', async () => {
      await server.query('CREATE PUBLICATION every_table FOR ALL TABLES');
      await using capture = await captureOf('recreated', table, {
        publicationName: 'every_table',
        on_replaced: 'backfill',
      });
      await capture.untilActive();
      await server.query(
        'DROP TABLE t; CREATE TABLE t (id int PRIMARY KEY, v text); INSERT INTO t VALUES (3, $$x$$)',
      );
      assert.match(await capture.failure(), /^SQL_TABLE_RENEWED: .*recreated\.t/);
      capture.start();
      await has(capture, 3);
      assert.deepEqual(
        capture.rows('t').find((row) => row['id'] === 3),
        { id: 3, v: 'x' },
      );
      await server.query('DROP PUBLICATION every_table');
    });

    test('a table that is dropped while the capture runs ends it as soon as that is known', async () => {
      await using capture = await captureOf('dropped', `${table} CREATE TABLE other (id int PRIMARY KEY)`);
      await capture.untilActive();
      await server.query('DROP TABLE t; ALTER TABLE other ADD v int; INSERT INTO other VALUES (1, 1)');
      assert.match(await capture.failure(), /^SQL_TABLE_NOT_FOUND: .*dropped\.t/);
      capture.start();
      assert.match(await capture.failure(), /^PG_TABLE_UNREADABLE: .*dropped\.t: it does not exist/);
      capture.bindings = capture.bindings.filter(({ resource }) => resource['stream'] !== 't');
      capture.start();
      await server.query('INSERT INTO other VALUES (2, 2)');
      await has(capture, 2, 'other');
    });

    test('a table that is renamed ends the capture, and is captured without a gap when it has its name back', async () => {
      await using capture = await captureOf('renamed', table);
      await capture.untilActive();
      await server.query('ALTER TABLE t RENAME TO u; INSERT INTO u VALUES (3, 0)');
      assert.match(await capture.failure(), /^SQL_TABLE_NOT_FOUND: .*renamed\.t/);
      await server.query(
        'INSERT INTO u VALUES (4, 0); ALTER TABLE u RENAME TO t; INSERT INTO t VALUES (5, 0)',
      );
      capture.start();
      await has(capture, 5);
      assert.deepEqual(ids(capture), [1, 2, 3, 4, 5]);
    });

    test('columns that are retyped, renamed, dropped and added in mid-stream have their new names and types at once', async () => {
      await using capture = await captureOf(
        'altered',
        'CREATE TABLE t (id int PRIMARY KEY, n int, gone int, old_name date)',
      );
      await capture.untilActive();
      await server.query(`
        INSERT INTO t VALUES (1, 5, 1, '2024-01-01');
        BEGIN; INSERT INTO t VALUES (2, 5, 1, '2024-01-01');
        ALTER TABLE t ALTER n TYPE text, DROP gone; ALTER TABLE t RENAME old_name TO new_name;
        ALTER TABLE t ADD added timestamp[]; INSERT INTO t VALUES (3, 'a"b', '2024-01-02', '{2024-01-01 00:00}'); COMMIT;
        ALTER TABLE t ALTER id TYPE bigint; UPDATE t SET id = 9007199254740993 WHERE id = 1`);
      await capture.until('the last update', () => capture.committed.length === 5);
      assert.deepEqual(
        capture.committed.map(({ text }) => text.replace(/"_meta":\{.*?\}\},?/, '').replace(',}', '}')),
        [
          '{"gone":1,"id":1,"n":5,"old_name":"2024-01-01"}',
          '{"gone":1,"id":2,"n":5,"old_name":"2024-01-01"}',
          '{"added":["2024-01-01T00:00:00Z"],"id":3,"n":"a\\"b","new_name":"2024-01-02"}',
          '{"id":1}',
          '{"added":null,"id":9007199254740993,"n":"5","new_name":"2024-01-01"}',
        ],
      );
      await server.query(
        'ALTER TABLE t DROP CONSTRAINT t_pkey; ALTER TABLE t REPLICA IDENTITY FULL; ALTER TABLE t RENAME id TO key; INSERT INTO t VALUES (7)',
      );
      assert.match(await capture.failure(), /^PG_KEY_COLUMN_MISSING: .*"id"/);
    });

    test('columns that are retyped, renamed, dropped and added in mid-backfill are read as they are', async () => {
      await using capture = await captureOf(
        'altered_amid',
        `CREATE TABLE t (id int PRIMARY KEY, n int, gone int, old_name int);
         INSERT INTO t SELECT i, i, i, i FROM generate_series(1, 2000) i`,
        { backfill_chunk_size: 20 },
      );
      const progressed = async (rows: number) => {
        const before = capture.documents('t').length;
        await capture.until('more rows', () => capture.documents('t').length >= before + rows);
      };
      await progressed(60);
      await server.query(`ALTER TABLE t ALTER n TYPE text USING 'n' || n`);
      await progressed(60);
      await server.query(
        'ALTER TABLE t DROP gone; ALTER TABLE t RENAME old_name TO new_name; ALTER TABLE t ADD added date',
      );
      await progressed(60);
      await server.query('ALTER TABLE t ALTER id TYPE bigint');
      await capture.untilActive();
      const rows = capture.documents('t').map(({ document }) => document);
      assert.deepEqual(
        rows.map((row) => row['id']),
        Array.from({ length: 2000 }, (_, i) => i + 1),
      );
      for (const row of rows)
        assert.ok(row['n'] === row['id'] || row['n'] === `n${JSON.stringify(row['id'])}`);
      assert.deepEqual(
        Object.keys(rows.at(-1) ?? {}).filter((name) => name !== '_meta'),
        ['added', 'id', 'n', 'new_name'],
      );
    });

    test('a backfill starts over when its key gets another order, also while the capture is stopped', async () => {
      await using capture = await captureOf(
        'rekeyed',
        `CREATE TABLE t (id int PRIMARY KEY); INSERT INTO t SELECT i FROM generate_series(1, 1500) i`,
        { backfill_chunk_size: 20 },
      );
      await capture.until('some rows', () => capture.documents('t').length >= 100);
      await server.query('ALTER TABLE t ALTER id TYPE text');
      await capture.until(
        'some texts',
        () => ids(capture).filter((id) => typeof id === 'string').length > 100,
      );
      await capture.kill();
      await server.query(`ALTER TABLE t ALTER id TYPE numeric USING id::numeric + 0.5`);
      capture.start();
      await capture.untilActive();
      const last = new Set(ids(capture).slice(-1500));
      for (let id = 1; id <= 1500; id += 1) assert.ok(last.has(`${id}.5`), `${id}`);
    });

    test('a column _meta that comes in mid-stream is left out, and that is told once', async () => {
      await using capture = await captureOf('metadata', table);
      await capture.untilActive();
      await server.query(`ALTER TABLE t ADD COLUMN _meta text, ADD COLUMN other int;
                          INSERT INTO t (id, _meta, other) VALUES (101, 'mine', 1), (102, 'mine', 2)`);
      await has(capture, 102);
      const last = capture.documents('t').at(-1)?.document;
      assert.deepEqual([last?._meta.op, last?.['other']], ['c', 2]);
      const told = () =>
        capture.logs.filter(({ message }) => message.includes('the column _meta of metadata.t'));
      // Logs and documents come by two pipes.
      await capture.until('the warning', () => told().length > 0);
      assert.deepEqual(
        told().map(({ level }) => level),
        ['warn'],
      );
    });
  });
}
