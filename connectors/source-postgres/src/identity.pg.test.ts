// What the server tells of the old row, under every replica identity, and what becomes of large values that a change
// left alone. Each test has a schema, a slot and a publication of its own.

import { missingPostgres, postgresVersions, startPostgres, type PostgresServer } from '@weir/testing';
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { CaptureHarness, discoverBindings, endpointConfig } from '../test/capture-harness.ts';

for (const version of postgresVersions) {
  describe(`replica identities of PostgreSQL ${version}`, { skip: missingPostgres(version) }, () => {
    let server: PostgresServer;
    before(async () => (server = await startPostgres({ version })));
    after(async () => server[Symbol.asyncDispose]());

    async function captureOf(
      name: string,
      tables: string,
      options: { readonly advanced?: Record<string, unknown>; readonly key?: readonly string[] } = {},
    ) {
      await server.query(`CREATE SCHEMA ${name}; SET search_path = ${name}; ${tables}`);
      const config = endpointConfig(server, {
        advanced: { slotName: name, publicationName: name, discover_schemas: [name], ...options.advanced },
      });
      const bindings = (await discoverBindings(config)).map((each) => ({
        ...each,
        key: options.key ?? each.key,
      }));
      const capture = new CaptureHarness(config, bindings);
      capture.start();
      await capture.untilActive();
      return capture;
    }

    const changes = (capture: CaptureHarness) =>
      capture
        .documents('t')
        .filter(({ document }) => document._meta.source.snapshot !== true)
        .map(({ document: { _meta, ...row } }) => [
          _meta.op,
          row,
          ...(_meta.before === undefined ? [] : [_meta.before]),
        ]);
    const toasted = (name: string) => `
      CREATE TABLE t (a text, b int, big text, n int, PRIMARY KEY (a, b)); ALTER TABLE t ALTER big SET STORAGE EXTERNAL;
      INSERT INTO t VALUES ('it''s \\ "1"', 1, repeat('ü', 3000), 0), ('x', 2, NULL, 0), ('x', 3, repeat('${name}', 500), 0);`;
    const big = 'ü'.repeat(3000);

    test('an update of a key brings the large values along that it left alone', async () => {
      await using capture = await captureOf('toast', toasted('toast'));
      await server.query(`UPDATE t SET b = 10, n = 1 WHERE b = 1; UPDATE t SET b = 20 WHERE b = 2`);
      await capture.until('both rows', () => changes(capture).length === 4);
      await server.query(`BEGIN; UPDATE t SET b = 30 WHERE b = 3; UPDATE t SET b = 31 WHERE b = 30;
                          UPDATE t SET n = 7 WHERE b = 31; COMMIT`);
      await server.query(`BEGIN; UPDATE t SET b = 11 WHERE b = 10; UPDATE t SET big = 'new' WHERE b = 11; COMMIT;
                          INSERT INTO t VALUES ('end', 0, '', 0)`);
      await capture.until('the end', () => capture.rows('t').some((row) => row['a'] === 'end'));
      const key = `it's \\ "1"`;
      const [first, second, third] = [
        changes(capture).slice(0, 2),
        changes(capture).slice(2, 4),
        changes(capture).slice(4, 9),
      ];
      assert.deepEqual(first, [
        ['d', { a: key, b: 1 }],
        ['c', { a: key, b: 10, big, n: 1 }],
      ]);
      assert.deepEqual(second.at(-1), ['c', { a: 'x', b: 20, big: null, n: 0 }]);
      assert.deepEqual(third.filter(([, row]) => (row as { b: number }).b === 31).at(0), [
        'c',
        { a: 'x', b: 31, big: 'toast'.repeat(500), n: 0 },
      ]);
      const expected = await server.query('SELECT to_jsonb(t)::text AS row FROM t ORDER BY b');
      assert.deepEqual(
        capture.rows('t').toSorted((a, b) => Number(a['b']) - Number(b['b'])),
        expected.map(({ row }) => JSON.parse(row ?? '') as unknown),
      );
    });

    test('the same holds for a key update that stays one update, and after a restart', async () => {
      await using capture = await captureOf('toast_whole', toasted('y'), {
        advanced: { feature_flags: 'no_split_key_updates' },
      });
      await capture.kill('SIGTERM');
      await server.query('UPDATE t SET b = 10, n = 1 WHERE b = 1');
      capture.start();
      await capture.until('the update', () => changes(capture).length === 1);
      const key = `it's \\ "1"`;
      assert.deepEqual(changes(capture), [['u', { a: key, b: 10, big, n: 1 }, { a: key, b: 1 }]]);
    });

    test('a value that cannot be read any more is told, and the capture goes on', async () => {
      await using capture = await captureOf('toast_gone', toasted('y'));
      await capture.kill('SIGTERM');
      await server.query(
        `UPDATE t SET b = 10 WHERE b = 1; ALTER TABLE t DROP big; INSERT INTO t VALUES ('end', 0, 0)`,
      );
      capture.start();
      await capture.until('the end', () => capture.rows('t').some((row) => row['a'] === 'end'));
      assert.ok(
        capture.logs.some(
          ({ level, message }) =>
            level === 'warn' && /toast_gone\.t did not send the values of big/.test(message),
        ),
      );
      assert.deepEqual(changes(capture)[1], ['c', { a: `it's \\ "1"`, b: 10, n: 0 }]);
    });

    test('USING INDEX: deletes and updates of the key carry the columns of the index', async () => {
      await using capture = await captureOf(
        'by_index',
        `CREATE TABLE t (id int PRIMARY KEY, code text NOT NULL UNIQUE, v int);
         ALTER TABLE t REPLICA IDENTITY USING INDEX t_code_key; INSERT INTO t VALUES (1, 'a', 0), (2, 'b', 0)`,
        { key: ['/code'] },
      );
      await server.query(`UPDATE t SET v = 1 WHERE id = 1; UPDATE t SET id = 9 WHERE id = 1;
                          UPDATE t SET code = 'c' WHERE id = 9; DELETE FROM t WHERE id = 2`);
      await capture.until('the delete', () => changes(capture).length === 5);
      assert.deepEqual(changes(capture), [
        ['u', { code: 'a', id: 1, v: 1 }],
        ['u', { code: 'a', id: 9, v: 1 }],
        ['d', { code: 'a' }],
        ['c', { code: 'c', id: 9, v: 1 }],
        ['d', { code: 'b' }],
      ]);
      assert.deepEqual(capture.rows('t'), [{ code: 'c', id: 9, v: 1 }]);
    });

    test('NOTHING: inserts are captured, the server refuses the rest, and FULL may be chosen while the capture runs', async () => {
      await using capture = await captureOf(
        'nothing',
        `CREATE TABLE t (id int PRIMARY KEY, v int); ALTER TABLE t REPLICA IDENTITY NOTHING; INSERT INTO t VALUES (1, 0)`,
      );
      await server.query('INSERT INTO t VALUES (2, 0)');
      await assert.rejects(server.query('UPDATE t SET v = 1'), /replica identity/);
      await server.query(
        'ALTER TABLE t REPLICA IDENTITY FULL; UPDATE t SET v = 1 WHERE id = 1; DELETE FROM t WHERE id = 2',
      );
      await capture.until('the delete', () => changes(capture).length === 3);
      assert.deepEqual(changes(capture), [
        ['c', { id: 2, v: 0 }],
        ['u', { id: 1, v: 1 }, { id: 1, v: 0 }],
        ['d', { id: 2, v: 0 }],
      ]);
    });

    test('an identity that loses the key while the capture runs ends it before a delete without a key', async () => {
      await using capture = await captureOf(
        'lost',
        `CREATE TABLE t (id int PRIMARY KEY, code int NOT NULL UNIQUE); INSERT INTO t VALUES (1, 1)`,
      );
      await server.query('ALTER TABLE t REPLICA IDENTITY USING INDEX t_code_key; DELETE FROM t');
      assert.match(await capture.failure(), /^PG_REPLICA_IDENTITY: .*deletes of lost\.t do not carry id/);
      assert.deepEqual(changes(capture), []);
    });

    test('a partition whose identity lacks the key of the collection is refused, and its deletes never go without their key', async () => {
      await using capture = await captureOf(
        'leaf',
        `CREATE TABLE t (id int PRIMARY KEY, o int NOT NULL) PARTITION BY RANGE (id);
         CREATE TABLE t1 PARTITION OF t FOR VALUES FROM (1) TO (100); CREATE UNIQUE INDEX t1_o ON t1 (o);
         CREATE TABLE t2 PARTITION OF t FOR VALUES FROM (100) TO (200);
         INSERT INTO t VALUES (1, 10), (2, 20), (100, 30)`,
      );
      await server.query('ALTER TABLE t1 REPLICA IDENTITY USING INDEX t1_o; DELETE FROM t WHERE id = 100');
      await capture.until('the delete', () => changes(capture).length === 1);
      await server.query('DELETE FROM t WHERE id = 1');
      assert.match(await capture.failure(), /^PG_REPLICA_IDENTITY: .* leaf\.t does not carry id/);
      assert.deepEqual(changes(capture), [['d', { id: 100 }]]);
      capture.start();
      assert.match(
        await capture.failure(),
        /^PG_REPLICA_IDENTITY: .*deletes of leaf\.t1 do not carry id[\s\S]*ALTER TABLE "leaf"\."t1" REPLICA IDENTITY FULL/,
      );
      await server.query('ALTER TABLE t1 REPLICA IDENTITY FULL');
      capture.bindings = capture.bindings.map((binding) => ({ ...binding, backfill: 1 }));
      capture.start();
      await capture.untilActive();
      const count = changes(capture).length;
      await server.query('DELETE FROM t WHERE id = 2');
      await capture.until('the delete', () => changes(capture).length > count);
      assert.deepEqual(changes(capture).at(-1), ['d', { id: 2, o: 20 }]);
    });

    test('values that move between TOAST and the row are there or left out, never wrong', async () => {
      await using capture = await captureOf(
        'moving',
        `CREATE TABLE t (id int PRIMARY KEY, big text, n int); ALTER TABLE t ALTER big SET STORAGE EXTERNAL;
         INSERT INTO t VALUES (1, 'small', 0)`,
      );
      await server.query(`UPDATE t SET big = repeat('x', 3000); UPDATE t SET n = 1; UPDATE t SET big = 'small again';
                          UPDATE t SET n = 2; UPDATE t SET big = NULL`);
      await capture.until('all updates', () => changes(capture).length === 5);
      assert.deepEqual(
        changes(capture).map(([, row]) => row),
        [
          { big: 'x'.repeat(3000), id: 1, n: 0 },
          { id: 1, n: 1 },
          { big: 'small again', id: 1, n: 1 },
          { big: 'small again', id: 1, n: 2 },
          { big: null, id: 1, n: 2 },
        ],
      );
    });
  });
}
