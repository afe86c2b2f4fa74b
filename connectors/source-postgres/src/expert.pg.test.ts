// Settings that few tasks have: how values look, which rows a backfill leaves out, where replication starts.

import { missingPostgres, postgresVersions, startPostgres } from '@weir/testing';
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { CaptureHarness, discoverBindings, endpointConfig } from '../test/capture-harness.ts';

for (const version of postgresVersions) {
  describe(`expert settings on PostgreSQL ${version}`, { skip: missingPostgres(version) }, () => {
    test('array and date flags give the values and schemas they name, from backfill and replication alike', async () => {
      await using server = await startPostgres({ version });
      await server.query(`
        CREATE DOMAIN days AS date[];
        CREATE TABLE t (id int PRIMARY KEY, n int[], w text[], b box[], ds days, d date, tm time, tz timetz);
        CREATE TABLE streamed (LIKE t INCLUDING ALL)`);
      const rows = [
        `1, '{{{1,2},{3,4}},{{5,6},{7,NULL}}}', '[0:1][5:6]={{"a,}b",NULL},{"q\\"{x",""}}', '{(1,1),(0,0);(3,3),(2,2)}',
         '{2024-02-29,infinity}', '2024-02-29', '23:59:59.000001', '23:59:59+05:30'`,
        `2, '{}', '{}', '{}', '{}', '-infinity', '24:00', '00:00Z'`,
        `3, NULL, NULL, NULL, NULL, '0044-03-15 BC', '00:00', NULL`,
        `4, '{1,2,3}', '{{{{x}}}}', NULL, NULL, 'infinity', '10:00:00.5', NULL`,
      ];
      for (const row of rows) await server.query(`INSERT INTO t VALUES (${row})`);
      const styles = {
        shaped: 'no_flatten_arrays, no_date_as_date, no_time_as_time',
        nested: 'multidimensional_arrays, no_flatten_arrays',
      };
      const seen: Record<string, { rows: Record<string, unknown>[]; schema: Record<string, unknown> }> = {};
      for (const [name, feature_flags] of Object.entries(styles)) {
        await server.query('TRUNCATE streamed');
        const config = endpointConfig(server, {
          advanced: { feature_flags, slotName: name, publicationName: name },
        });
        const bindings = await discoverBindings(config);
        await using capture = new CaptureHarness(config, bindings);
        capture.start();
        await capture.untilActive();
        for (const row of rows) await server.query(`INSERT INTO streamed VALUES (${row})`);
        await capture.until('the streamed rows', () => capture.documents('streamed').length === rows.length);
        assert.deepEqual(capture.rows('streamed'), capture.rows('t'));
        const schema = JSON.parse(bindings[1]?.documentSchema ?? '') as {
          $defs: { PublicT: { properties: Record<string, unknown> } };
        };
        seen[name] = { rows: capture.rows('t'), schema: schema.$defs.PublicT.properties };
        await capture.kill('SIGTERM');
      }
      const column = (style: string, name: string) => seen[style]?.rows.map((row) => row[name]);
      assert.deepEqual(column('shaped', 'n'), [
        { dimensions: [2, 2, 2], elements: [1, 2, 3, 4, 5, 6, 7, null] },
        { dimensions: [], elements: [] },
        null,
        { dimensions: [3], elements: [1, 2, 3] },
      ]);
      assert.deepEqual(column('shaped', 'w')?.[0], {
        dimensions: [2, 2],
        elements: ['a,}b', null, 'q"{x', ''],
      });
      assert.deepEqual(column('shaped', 'b')?.[0], {
        dimensions: [2],
        elements: ['(1,1),(0,0)', '(3,3),(2,2)'],
      });
      assert.deepEqual(column('shaped', 'ds')?.[0], {
        dimensions: [2],
        elements: ['2024-02-29T00:00:00Z', '9999-12-31T23:59:59Z'],
      });
      assert.deepEqual(column('shaped', 'd'), [
        '2024-02-29T00:00:00Z',
        '0000-01-01T00:00:00Z',
        '0000-01-01T00:00:00Z',
        '9999-12-31T23:59:59Z',
      ]);
      assert.deepEqual(column('shaped', 'tm'), [86_399_000_001, 86_400_000_000, 0, 36_000_500_000]);
      assert.deepEqual(column('shaped', 'tz'), ['23:59:59+05:30', '00:00:00Z', null, null]);
      assert.deepEqual(column('nested', 'n'), [
        [
          [
            [1, 2],
            [3, 4],
          ],
          [
            [5, 6],
            [7, null],
          ],
        ],
        [],
        null,
        [1, 2, 3],
      ]);
      assert.deepEqual(column('nested', 'w'), [
        [
          ['a,}b', null],
          ['q"{x', ''],
        ],
        [],
        null,
        [[[['x']]]],
      ]);
      assert.deepEqual(column('nested', 'd')?.slice(0, 2), ['2024-02-29', '0000-01-01']);
      assert.deepEqual(seen['shaped']?.schema['n'], {
        type: ['object', 'null'],
        properties: {
          dimensions: { type: 'array', items: { type: 'integer' } },
          elements: { type: 'array', items: { type: ['integer', 'null'] } },
        },
        required: ['dimensions', 'elements'],
        additionalProperties: false,
        description: '(source type: _int4)',
      });
      assert.deepEqual(seen['shaped']?.schema['tm'], {
        type: ['integer', 'null'],
        description: '(source type: time)',
      });
      assert.deepEqual(seen['nested']?.schema['n'], {
        type: ['array', 'null'],
        description: '(source type: _int4)',
      });
    });

    test('min_backfill_xid reads only rows written since, chunk by chunk, and the stream goes on as ever', async () => {
      await using server = await startPostgres({ version });
      await server.query(`
        CREATE TABLE keyed (id int PRIMARY KEY, v int); INSERT INTO keyed SELECT i, 0 FROM generate_series(1, 300) i;
        CREATE TABLE keyless (v int); ALTER TABLE keyless REPLICA IDENTITY FULL; INSERT INTO keyless VALUES (1), (2)`);
      const [marker] = await server.query('SELECT pg_current_xact_id()::text AS xid');
      await server.query(`UPDATE keyed SET v = 1 WHERE id IN (150, 151); DELETE FROM keyed WHERE id = 10;
                          INSERT INTO keyed VALUES (301, 1); INSERT INTO keyless VALUES (3)`);
      const config = endpointConfig(server, {
        advanced: { min_backfill_xid: marker?.['xid'] ?? '', backfill_chunk_size: 50 },
      });
      await using capture = new CaptureHarness(config, await discoverBindings(config));
      capture.start();
      await capture.until(
        'the first chunk',
        () => capture.rows('keyed').length > 0 || capture.checkpoints > 3,
      );
      await capture.kill();
      capture.start();
      await capture.untilActive();
      assert.deepEqual(
        capture.rows('keyed').map((row) => row['id']),
        [150, 151, 301],
      );
      assert.deepEqual(
        capture.rows('keyless').map((row) => row['v']),
        [3],
      );
      await server.query('UPDATE keyed SET v = 2 WHERE id = 1');
      await capture.until('the update', () => capture.rows('keyed').some((row) => row['v'] === 2));
    });

    test('a capture without a position starts at initial_backfill_cursor, with the slot that is there', async () => {
      await using server = await startPostgres({ version });
      await server.query(
        `CREATE TABLE t (id int PRIMARY KEY); CREATE PUBLICATION flow_publication FOR TABLE t`,
      );
      const [slot] = await server.query(
        "SELECT lsn FROM pg_create_logical_replication_slot('flow_slot', 'pgoutput')",
      );
      await server.query('INSERT INTO t VALUES (1)');
      const cursor = slot?.['lsn'] ?? '';
      const config = endpointConfig(server, {
        advanced: { feature_flags: `initial_backfill_cursor=${cursor}` },
      });
      await using capture = new CaptureHarness(config, await discoverBindings(config));
      // An acknowledgement would move the slot.
      capture.acknowledges = false;
      capture.start();
      await capture.untilActive();
      assert.deepEqual(capture.rows('t'), [{ id: 1 }]);
      assert.ok(capture.logs.some(({ fields }) => fields['position'] === cursor));
      const [after] = await server.query(
        'SELECT restart_lsn <= $1::pg_lsn AS same FROM pg_replication_slots',
        [cursor],
      );
      assert.equal(after?.['same'], 't');
    });

    test('force_reset_cursor moves a capture past lost log, once', async () => {
      await using server = await startPostgres({ version });
      await server.query('CREATE TABLE t (id int PRIMARY KEY); INSERT INTO t VALUES (1)');
      const config = endpointConfig(server);
      await using capture = new CaptureHarness(config, await discoverBindings(config));
      capture.start();
      await capture.untilActive();
      await capture.kill('SIGTERM');
      await server.query("SELECT pg_drop_replication_slot('flow_slot')");
      await server.query('INSERT INTO t VALUES (2)');
      const [slot] = await server.query(
        "SELECT lsn FROM pg_create_logical_replication_slot('flow_slot', 'pgoutput')",
      );
      await server.query('INSERT INTO t VALUES (3)');
      capture.start();
      assert.match(await capture.failure(), /^PG_SLOT_RECREATED/);
      const forced = new CaptureHarness(
        { ...config, advanced: { feature_flags: `force_reset_cursor=${slot?.['lsn']}` } },
        capture.bindings,
      );
      await using again = Object.assign(forced, { state: capture.state });
      again.start();
      await again.until('the row after the reset', () => again.rows('t').some((row) => row['id'] === 3));
      assert.deepEqual(again.rows('t'), [{ id: 3 }]);
      await server.query('INSERT INTO t VALUES (4)');
      await again.until('another row', () => again.rows('t').some((row) => row['id'] === 4));
      await again.kill();
      again.start();
      await server.query('INSERT INTO t VALUES (5)');
      await again.until('a row after a restart', () => again.rows('t').some((row) => row['id'] === 5));
      const ids = again.documents('t').map(({ document }) => document['id']);
      assert.deepEqual(ids, [3, 4, 5]);
      await again.kill('SIGTERM');
      // Without the flag, the next checkpoint forgets about it.
      capture.state = again.state;
      capture.start();
      await server.query('INSERT INTO t VALUES (6)');
      await capture.until('a row without the flag', () => capture.rows('t').some((row) => row['id'] === 6));
      assert.doesNotMatch(JSON.stringify(capture.state), /cursor_reset/);
    });
  });
}
