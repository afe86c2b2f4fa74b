// Cases known from the upstream connector that no other file has; conformance.md says which. Each test has a schema, a
// slot and a publication of its own.

import { missingPostgres, postgresVersions, startPostgres, type PostgresServer } from '@weir/testing';
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import {
  CaptureHarness,
  captureSpec,
  connector,
  discoverBindings,
  endpointConfig,
} from '../test/capture-harness.ts';
import { captureOf, ids, stateOf } from '../test/schema-capture.ts';

for (const version of postgresVersions) {
  describe(`cases of conformance on PostgreSQL ${version}`, { skip: missingPostgres(version) }, () => {
    let server: PostgresServer;
    before(async () => (server = await startPostgres({ version })));
    after(async () => server[Symbol.asyncDispose]());

    test('a binding that is disabled and enabled again is backfilled anew, others go on', async () => {
      await using capture = await captureOf(
        server,
        'multiple',
        ['a', 'b', 'c']
          .map((t) => `CREATE TABLE ${t} (id int PRIMARY KEY); INSERT INTO ${t} VALUES (1);`)
          .join(''),
      );
      await capture.untilActive();
      await capture.kill('SIGTERM');
      const all = capture.bindings;
      capture.bindings = all.filter(({ resource }) => resource['stream'] !== 'b');
      capture.start();
      await server.query('INSERT INTO a VALUES (2); INSERT INTO b VALUES (2); INSERT INTO c VALUES (2)');
      await capture.until('both changes', () => ids(capture, 'a').length + ids(capture, 'c').length === 4);
      assert.deepEqual(stateOf(capture, 'multiple%2Fb'), { mode: 'Ignore', backfilled: 0 });
      assert.deepEqual(ids(capture, 'b'), [1]);
      await capture.kill('SIGTERM');
      capture.bindings = all;
      await server.query('INSERT INTO a VALUES (3); INSERT INTO b VALUES (3)');
      capture.start();
      await capture.until('the rows of b', () => ids(capture, 'b').length === 4);
      await capture.untilActive();
      assert.deepEqual(
        [ids(capture, 'a'), ids(capture, 'b'), ids(capture, 'c')],
        [
          [1, 2, 3],
          [1, 1, 2, 3],
          [1, 2],
        ],
      );
    });

    test('a keyless backfill brings all rows though the key of the collection is not unique', async () => {
      await using capture = await captureOf(
        server,
        'duplicated',
        `CREATE TABLE t (id int, v int); ALTER TABLE t REPLICA IDENTITY FULL; INSERT INTO t SELECT i % 2, i FROM generate_series(1, 6) i`,
        { keys: { t: ['/id'] } },
      );
      await capture.untilActive();
      assert.deepEqual(
        capture.documents('t').map(({ document }) => document['v']),
        [1, 2, 3, 4, 5, 6],
      );
      assert.equal(stateOf(capture, 'duplicated%2Ft')?.['key_columns'], undefined);
    });

    test('Only Changes works for a table without a key, and is Active at once', async () => {
      await using capture = await captureOf(
        server,
        'only_changes',
        `CREATE TABLE t (id int); ALTER TABLE t REPLICA IDENTITY FULL; INSERT INTO t VALUES (1)`,
        { resources: { t: { mode: 'Only Changes' } } },
      );
      await capture.untilActive();
      await server.query('INSERT INTO t VALUES (2)');
      await capture.until('the insert', () => capture.committed.length === 1);
      assert.deepEqual(ids(capture, 't'), [2]);
      assert.equal(stateOf(capture, 'only_changes%2Ft')?.['backfilled'], 0);
    });

    test('a table without a key is backfilled along the columns of the resource', async () => {
      await using capture = await captureOf(
        server,
        'catalog_key',
        `CREATE TABLE t (id int NOT NULL UNIQUE DEFERRABLE, v text); ALTER TABLE t REPLICA IDENTITY FULL; INSERT INTO t VALUES (3, 'c'), (1, 'a'), (2, 'b')`,
        {
          advanced: { backfill_chunk_size: 1 },
          keys: { t: ['/id'] },
          resources: { t: { mode: '', primary_key: ['id'] } },
        },
      );
      await capture.untilActive();
      assert.deepEqual(ids(capture, 't'), [1, 2, 3]);
      assert.deepEqual(stateOf(capture, 'catalog_key%2Ft')?.['key_columns'], ['id']);
    });

    test('tables of a higher priority are done before others begin, also across kills', async () => {
      const table = (t: string) =>
        `CREATE TABLE ${t} (id int PRIMARY KEY); INSERT INTO ${t} SELECT generate_series(1, 40);`;
      await using capture = await captureOf(
        server,
        'priority',
        ['low', 'high', 'middle'].map(table).join(''),
        {
          advanced: { backfill_chunk_size: 2 },
          resources: { high: { priority: 10 }, low: { priority: -10 } },
        },
      );
      for (const [seen, begun] of [
        [3, ['high']],
        [42, ['high', 'middle']],
      ] as const) {
        await capture.until(`${seen} rows`, () => capture.committed.length >= seen);
        await capture.kill();
        for (const name of ['high', 'middle', 'low'].filter((each) => !begun.some((one) => one === each))) {
          const { mode, backfilled } = stateOf(capture, `priority%2F${name}`) ?? {};
          assert.deepEqual([mode, backfilled], ['Backfill', 0], name);
        }
        capture.start();
      }
      await capture.untilActive();
      assert.deepEqual(
        capture.committed.map(({ table: name }) => name),
        ['high', 'middle', 'low'].flatMap((name) => Array.from({ length: 40 }, () => name)),
      );
    });

    test('an empty table is Active at once; later inserts, updates and deletes tell what they are, and when', async () => {
      await using capture = await captureOf(
        server,
        'from_empty',
        'CREATE TABLE t (id int PRIMARY KEY, v text)',
      );
      await capture.untilActive();
      const { mode, backfilled, key_columns: keyColumns } = stateOf(capture, 'from_empty%2Ft') ?? {};
      assert.deepEqual([mode, backfilled, keyColumns], ['Active', 0, ['id']]);
      assert.equal(capture.committed.length, 0);
      const clock = async () => {
        const [row] = await server.query('SELECT extract(epoch FROM clock_timestamp()) * 1000 AS ms');
        return Number(row?.['ms']);
      };
      const earliest = Math.floor(await clock());
      await server.query(`INSERT INTO t VALUES (1, 'a'), (2, 'b')`);
      await server.query(`UPDATE t SET v = 'c' WHERE id = 1`);
      await server.query('DELETE FROM t WHERE id = 2');
      await server.query(`INSERT INTO t VALUES (3, 'd'); DELETE FROM t WHERE id = 3`);
      const latest = await clock();
      await capture.until('the last delete', () => capture.committed.length === 6);
      assert.deepEqual(
        capture.committed.map(({ document: { _meta, ...row } }) => [_meta.op, row]),
        [
          ['c', { id: 1, v: 'a' }],
          ['c', { id: 2, v: 'b' }],
          ['u', { id: 1, v: 'c' }],
          ['d', { id: 2 }],
          ['c', { id: 3, v: 'd' }],
          ['d', { id: 3 }],
        ],
      );
      for (const { document, text: json } of capture.committed) {
        const { source, before: old } = document._meta;
        assert.deepEqual([source.snapshot, old], [undefined, undefined], json);
        assert.ok(source.ts_ms !== undefined && source.ts_ms >= earliest && source.ts_ms <= latest, json);
      }
      assert.deepEqual(capture.rows('t'), [{ id: 1, v: 'c' }]);
    });

    test('leaves of two levels of partitions are captured under their names', async () => {
      await using capture = await captureOf(
        server,
        'leaves',
        `CREATE TABLE p (region text, day date, n int, PRIMARY KEY (region, day)) PARTITION BY LIST (region);
         CREATE TABLE p_eu PARTITION OF p FOR VALUES IN ('eu') PARTITION BY RANGE (day);
         CREATE TABLE p_eu_a PARTITION OF p_eu FOR VALUES FROM ('2024-01-01') TO ('2025-01-01');
         CREATE TABLE p_eu_b PARTITION OF p_eu FOR VALUES FROM ('2025-01-01') TO ('2026-01-01');
         CREATE TABLE p_us PARTITION OF p FOR VALUES IN ('us');
         INSERT INTO p VALUES ('eu', '2024-03-01', 1), ('eu', '2025-03-01', 2), ('us', '2024-03-01', 3)`,
        { advanced: { capture_as_partitions: true } },
      );
      await capture.untilActive();
      await server.query(
        `INSERT INTO p VALUES ('eu', '2025-04-01', 4), ('us', '2030-01-01', 5); UPDATE p SET n = 6 WHERE n = 1`,
      );
      await capture.until('the changes', () => capture.committed.length === 6);
      const seen = capture.committed.map(
        ({ table, document }) => `${table} ${document._meta.op} ${Number(document['n'])}`,
      );
      assert.deepEqual(seen.slice(0, 3).toSorted(), ['p_eu_a c 1', 'p_eu_b c 2', 'p_us c 3']);
      assert.deepEqual(seen.slice(3), ['p_eu_b c 4', 'p_us c 5', 'p_eu_a u 6']);
      assert.deepEqual(
        capture.bindings.map(({ key }) => key),
        Array.from({ length: 3 }, () => ['/region', '/day']),
      );
    });

    test('two tables in one collection are both backfilled and followed', async () => {
      await using capture = await captureOf(
        server,
        'linked',
        'CREATE TABLE a (id int PRIMARY KEY); CREATE TABLE b (id int PRIMARY KEY); INSERT INTO a VALUES (1); INSERT INTO b VALUES (2)',
        { collection: 'acme/both' },
      );
      await capture.untilActive();
      await server.query('INSERT INTO a VALUES (3); INSERT INTO b VALUES (4)');
      await capture.until('both inserts', () => capture.committed.length === 4);
      assert.deepEqual(
        [ids(capture, 'a'), ids(capture, 'b')],
        [
          [1, 3],
          [2, 4],
        ],
      );
    });

    test('two bindings take one collection from the list of linked ones, in Validate and in Open', async () => {
      await server.query(`CREATE SCHEMA indirect; SET search_path = indirect;
        CREATE TABLE a (id int PRIMARY KEY); CREATE TABLE b (id int PRIMARY KEY); INSERT INTO a VALUES (1); INSERT INTO b VALUES (2)`);
      const config = endpointConfig(server, {
        advanced: { slotName: 'indirect', publicationName: 'indirect', discover_schemas: ['indirect'] },
      });
      const { bindings, ...task } = captureSpec(config, await discoverBindings(config));
      const bare = bindings.map(({ resourceConfig, resourcePath, backfill, stateKey }) => ({
        resourcePath,
        backfill,
        stateKey,
        resourceConfig: JSON.parse(resourceConfig) as object,
        collectionIndex: 1,
      }));
      const linkedCollections = [
        { name: 'acme/other', key: ['/none'] },
        { name: 'acme/both', key: ['/id'] },
      ];
      const linked = { ...task, config, bindings: bare, linkedCollections };
      await using driver = connector({}, 'json');
      const validated = bare.map(({ resourceConfig, collectionIndex }) => ({
        resourceConfig,
        collectionIndex,
      }));
      driver.sendJson({ validate: { ...linked, bindings: validated } });
      assert.deepEqual((await driver.expect('validated')).bindings, [
        { resourcePath: ['indirect', 'a'] },
        { resourcePath: ['indirect', 'b'] },
      ]);
      driver.sendJson({ open: { capture: linked, version: '1', state: {} } });
      await driver.expect('opened');
      const seen: string[] = [];
      const read = async (count: number) => {
        while (seen.length < count) {
          const response = await driver.receive();
          assert.ok(response !== undefined, 'the capture ended');
          if (response.kind !== 'captured') continue;
          const { id } = JSON.parse(response.doc.toString()) as { id: number };
          seen.push(`${response.binding}: ${id}`);
        }
      };
      await read(2);
      assert.deepEqual(seen.toSorted(), ['0: 1', '1: 2']);
      await server.query('INSERT INTO indirect.a VALUES (3); INSERT INTO indirect.b VALUES (4)');
      await read(4);
      assert.deepEqual(seen.slice(2), ['0: 3', '1: 4']);
    });

    test('a keyless backfill of partitions has all rows', async () => {
      await using capture = await captureOf(
        server,
        'parted',
        `CREATE TABLE p (region text, day date, n int) PARTITION BY LIST (region);
         CREATE TABLE p_eu PARTITION OF p FOR VALUES IN ('eu') PARTITION BY RANGE (day);
         CREATE TABLE p_eu_a PARTITION OF p_eu FOR VALUES FROM ('2024-01-01') TO ('2025-01-01');
         CREATE TABLE p_eu_b PARTITION OF p_eu FOR VALUES FROM ('2025-01-01') TO ('2026-01-01');
         CREATE TABLE p_us PARTITION OF p FOR VALUES IN ('us');
         INSERT INTO p SELECT (ARRAY['eu', 'us'])[i % 2 + 1], '2024-06-01'::date + i * 30, i FROM generate_series(0, 18) i`,
      );
      await capture.untilActive();
      assert.deepEqual(
        capture
          .documents('p')
          .map(({ document }) => Number(document['n']))
          .toSorted((a, b) => a - b),
        Array.from({ length: 19 }, (_, i) => i),
      );
    });

    test('restart_lsn moves on while a capture runs, and never back', async () => {
      await using capture = await captureOf(server, 'moving', 'CREATE TABLE t (id int PRIMARY KEY)');
      await capture.untilActive();
      const restart = async (): Promise<bigint> => {
        const [row] = await server.query(
          "SELECT restart_lsn - '0/0' AS bytes FROM pg_replication_slots WHERE slot_name = 'moving'",
        );
        return BigInt(row?.['bytes'] ?? 0);
      };
      const positions = [await restart()];
      let id = 0;
      await capture.until(
        'restart_lsn to move twice',
        async () => {
          await server.query(`INSERT INTO t VALUES (${(id += 1)})`);
          // The server notes what is running, which lets the slot move, every 15 seconds and at a checkpoint.
          if (id % 10 === 0) await server.query('CHECKPOINT');
          const position = await restart();
          if (position !== positions.at(-1)) positions.push(position);
          return positions.length > 2;
        },
        120_000,
      );
      assert.deepEqual(
        positions,
        positions.toSorted((a, b) => (a < b ? -1 : 1)),
      );
      await capture.until('all rows', () => capture.documents('t').length === id);
    });

    test('with no_emit_sourced_schemas nothing but schemas is missing; by default, and by the flag, they come', async () => {
      await server.query(`CREATE SCHEMA sourced; SET search_path = sourced;
                          CREATE TABLE t (id int PRIMARY KEY, v text NOT NULL); INSERT INTO t VALUES (1, 'a'), (2, 'b')`);
      const seen: Record<string, { readonly schemas: number; readonly rows: unknown }> = {};
      for (const flags of ['', 'emit_sourced_schemas', 'no_emit_sourced_schemas']) {
        const name = `sourced_${Object.keys(seen).length}`;
        const config = endpointConfig(server, {
          advanced: {
            slotName: name,
            publicationName: name,
            discover_schemas: ['sourced'],
            feature_flags: flags,
          },
        });
        await using capture = new CaptureHarness(config, await discoverBindings(config));
        capture.start();
        await capture.untilActive();
        await server.query(`INSERT INTO t VALUES (${10 + Object.keys(seen).length}, 'c')`);
        await capture.until('the change', () => capture.rows('t').some(({ v }) => v === 'c'));
        await server.query("DELETE FROM t WHERE v = 'c'");
        await capture.until('the delete', () => capture.rows('t').every(({ v }) => v !== 'c'));
        seen[flags] = { schemas: capture.schemas.length, rows: capture.rows('t') };
      }
      assert.deepEqual(
        Object.values(seen).map(({ schemas }) => schemas > 0),
        [true, true, false],
      );
      assert.deepEqual(seen['no_emit_sourced_schemas']?.rows, seen['']?.rows);
      assert.deepEqual(seen['emit_sourced_schemas']?.rows, seen['']?.rows);
    });
  });
}
