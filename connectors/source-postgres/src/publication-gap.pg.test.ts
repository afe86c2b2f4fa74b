// A publication that is changed under a capture leaves changes out without a word. The capture says so, at its next look
// and at every start from then on, until the tables are read again. Each test has a schema, a slot and a publication of
// its own.

import { createLogger } from '@weir/connector';
import { SqlSession, standardStyle } from '@weir/postgres';
import { missingPostgres, postgresVersions, startPostgres, type PostgresServer } from '@weir/testing';
import { decodeConfig } from '@weir/schema/config';
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { CaptureHarness, discoverBindings, endpointConfig } from '../test/capture-harness.ts';
import { sourceSettings } from './config.ts';
import { BoundRelations } from './discovery/bound-relations.ts';
import { endpointSchema } from './endpoint-schema.ts';
import { checkPublished, discoverPublished } from './publication-gap.ts';

for (const version of postgresVersions) {
  describe(`publications that change on PostgreSQL ${version}`, { skip: missingPostgres(version) }, () => {
    let server: PostgresServer;
    before(async () => (server = await startPostgres({ version })));
    after(async () => server[Symbol.asyncDispose]());

    /** An active capture of two tables, `t` and `other`, of a new schema, which is on the search path of `sql`. */
    async function captureOf(name: string, advanced: Record<string, unknown> = {}, tables = '') {
      await server.query(
        `CREATE SCHEMA ${name}; SET search_path = ${name};
         CREATE TABLE other (id int PRIMARY KEY); CREATE TABLE t (id int PRIMARY KEY, v int); ${tables}
         INSERT INTO t VALUES (1, 0)`,
      );
      const config = endpointConfig(server, {
        advanced: { slotName: name, publicationName: name, discover_schemas: [name], ...advanced },
      });
      const capture = new CaptureHarness(config, await discoverBindings(config));
      capture.start();
      await capture.untilActive();
      return capture;
    }

    const ids = (capture: CaptureHarness, table = 't') => capture.rows(table).map(({ id }) => id);
    const has = (capture: CaptureHarness, id: number, table = 't') =>
      capture.until(`the row ${id}`, () => ids(capture, table).includes(id));
    /** Another shape of a published table makes a capture look at the catalogues. */
    const hastenLook = (id: number) =>
      server.query(`ALTER TABLE other ADD look_${id} int; INSERT INTO other (id) VALUES (${id})`);
    const backfillAgain = (capture: CaptureHarness, isRead = (_table: string) => true) => {
      capture.bindings = capture.bindings.map((binding) =>
        isRead(String(binding.resource['stream'])) ? { ...binding, backfill: 1 } : binding,
      );
    };

    test('[G8] a table that is taken out while the capture runs ends it, and stays an error until it is read again', async () => {
      await using capture = await captureOf('taken_out');
      await server.query('ALTER PUBLICATION taken_out DROP TABLE t; INSERT INTO t VALUES (2, 0)');
      await hastenLook(1);
      const gap =
        /^PG_PUBLICATION_GAP: .*"taken_out".* taken_out\.t \(their changes do not go out under their names\)$/m;
      assert.match((await capture.failure()).split('\n')[0] ?? '', gap);
      // The start adds the table again, which mends the publication and not the gap.
      for (let start = 1; start <= 2; start += 1) {
        capture.start();
        assert.match(await capture.failure(), /^PG_PUBLICATION_GAP: .* taken_out\.t \(taken out and added/);
      }
      assert.deepEqual(ids(capture), [1]);
      backfillAgain(capture, (name) => name === 't');
      capture.start();
      await capture.untilActive();
      await server.query('INSERT INTO t VALUES (3, 0)');
      await has(capture, 3);
      assert.deepEqual(ids(capture), [1, 2, 3]);
    });

    test('[G8] a table that was out for a while, also in mid-backfill, is an error', async () => {
      await using capture = await captureOf(
        'out_for_a_while',
        { backfill_chunk_size: 1 },
        'INSERT INTO t SELECT i, 0 FROM generate_series(2, 300) i;',
      );
      await capture.kill();
      await server.query(`ALTER PUBLICATION out_for_a_while DROP TABLE t; UPDATE t SET v = 1 WHERE id = 1;
                          ALTER PUBLICATION out_for_a_while ADD TABLE t`);
      capture.start();
      assert.match(await capture.failure(), /^PG_PUBLICATION_GAP: .*out_for_a_while\.t \(/);
      backfillAgain(capture, (name) => name === 't');
      capture.start();
      await capture.until('some rows read again', () => capture.documents('t').length >= 350);
      await capture.kill();
      await server.query(`ALTER PUBLICATION out_for_a_while DROP TABLE t; UPDATE t SET v = 2 WHERE id = 1;
                          ALTER PUBLICATION out_for_a_while ADD TABLE t`);
      capture.start();
      assert.match(await capture.failure(), /^PG_PUBLICATION_GAP: .*out_for_a_while\.t \(/);
    });

    test('[G8] a publication that is dropped, and one that is made anew, is an error', async () => {
      await using capture = await captureOf('made_anew');
      await server.query('DROP PUBLICATION made_anew; INSERT INTO t VALUES (2, 0)');
      if (version < 18) {
        assert.match(await capture.failure(), /^PG_PUBLICATION_MISSING: .*made_anew/);
      } else {
        await capture.kill('SIGTERM');
      }
      capture.start();
      assert.match(
        await capture.failure(),
        /^PG_PUBLICATION_GAP: .* made_anew\.other, made_anew\.t \(it was dropped and created again\)/,
      );
      backfillAgain(capture);
      capture.start();
      await capture.untilActive();
      assert.deepEqual(ids(capture), [1, 2]);
    });

    test('[G8] kinds of changes that were left out for a while are an error, though nothing shows it any more', async () => {
      await using capture = await captureOf('inserts_only');
      await server.query(`ALTER PUBLICATION inserts_only SET (publish = 'insert'); UPDATE t SET v = 1`);
      await hastenLook(1);
      assert.match(
        await capture.failure(),
        /^PG_PUBLICATION_GAP: .*inserts_only\.t \(it lets no update, delete through\)/,
      );
      capture.start();
      assert.match(await capture.failure(), /^PG_PUBLICATION_INCOMPLETE/);
      await server.query(`ALTER PUBLICATION inserts_only SET (publish = 'insert, update, delete, truncate')`);
      capture.start();
      assert.match(await capture.failure(), /^PG_PUBLICATION_GAP: .*inserts_only\.t \(its options were set/);
      backfillAgain(capture);
      capture.start();
      await capture.untilActive();
      assert.deepEqual(capture.rows('t'), [{ id: 1, v: 1 }]);
    });

    test('what leaves no change out is no gap: tables added and dropped beside, another owner, a table published twice', async () => {
      await using capture = await captureOf('no_gap');
      await server.query(`CREATE TABLE third (id int PRIMARY KEY); ALTER PUBLICATION no_gap ADD TABLE third;
                          CREATE ROLE new_owner_${version} SUPERUSER; ALTER PUBLICATION no_gap OWNER TO new_owner_${version}`);
      if (version >= 15) await server.query('ALTER PUBLICATION no_gap ADD TABLES IN SCHEMA no_gap');
      await hastenLook(1);
      await has(capture, 1, 'other');
      const isKept = (part: RegExp) => () => part.test(JSON.stringify(capture.state));
      await server.query('INSERT INTO t VALUES (2, 0)');
      if (version >= 15) {
        await capture.until('both ways to be known', isKept(/"published_by":"schema \d+,table \d+"/));
        await server.query('ALTER PUBLICATION no_gap DROP TABLE t');
      }
      await server.query('ALTER PUBLICATION no_gap DROP TABLE third; INSERT INTO t VALUES (3, 0)');
      await hastenLook(2);
      await has(capture, 3);
      await capture.kill('SIGTERM');
      capture.start();
      await server.query('INSERT INTO t VALUES (4, 0)');
      await has(capture, 4);
      assert.deepEqual(ids(capture), [1, 2, 3, 4]);
    });

    test('a state that does not know how its tables are published takes it over once', async () => {
      await using capture = await captureOf('older_state');
      await capture.kill('SIGTERM');
      const tables = capture.state['bindingStateV1'] as Record<string, { metadata: Record<string, unknown> }>;
      for (const table of Object.values(tables))
        for (const fact of Object.keys(table.metadata))
          if (fact.startsWith('publi')) delete table.metadata[fact];
      await server.query(
        `ALTER PUBLICATION older_state DROP TABLE t; ALTER PUBLICATION older_state ADD TABLE t`,
      );
      capture.start();
      await server.query('INSERT INTO t VALUES (2, 0)');
      await has(capture, 2);
      await capture.kill('SIGTERM');
      await server.query(
        `ALTER PUBLICATION older_state DROP TABLE t; ALTER PUBLICATION older_state ADD TABLE t`,
      );
      capture.start();
      assert.match(await capture.failure(), /^PG_PUBLICATION_GAP: .*older_state\.t \(/);
    });

    test('a table that is replaced while the catalogues are read was not taken out', async () => {
      await server.query(
        `CREATE SCHEMA between_looks; CREATE TABLE between_looks.t (id int PRIMARY KEY);
         CREATE PUBLICATION between_looks FOR ALL TABLES`,
      );
      await using sql = new SqlSession(() => server.connect());
      const relations = new BoundRelations(sql, false, standardStyle);
      const between = ['DROP TABLE between_looks.t', 'ALTER TABLE between_looks.t RENAME TO other', ''];
      let looks = 0;
      const tables = await discoverPublished(sql, 'between_looks', async () => {
        await server.query('CREATE TABLE IF NOT EXISTS between_looks.t (id int PRIMARY KEY)');
        const found = await relations.discover([{ namespace: 'between_looks', name: 't' }]);
        await server.query(between[looks] ?? '');
        looks += 1;
        return found;
      });
      assert.equal(looks, 3);
      assert.deepEqual(
        tables.map(({ facts }) => facts?.['published_by']),
        ['all'],
      );
    });

    test('[G1] a table that is made after the start saw to the publication has the capture start again', async () => {
      await server.query(
        `CREATE SCHEMA too_late; CREATE PUBLICATION too_late; CREATE TABLE too_late.t (id int PRIMARY KEY)`,
      );
      await using sql = new SqlSession(() => server.connect());
      const relations = new BoundRelations(sql, false, standardStyle);
      const [info] = await discoverPublished(sql, 'too_late', () =>
        relations.discover([{ namespace: 'too_late', name: 't' }]),
      );
      assert.ok(info);
      const log = createLogger({
        level: 'error',
        format: 'text',
        writeLine: () => undefined,
        now: () => new Date(),
      });
      const check = (flags: string) => {
        const given = endpointConfig(server, { advanced: { feature_flags: flags } });
        const config = decodeConfig(endpointSchema, JSON.stringify(given), { what: 'the config' });
        checkPublished([{ info, known: undefined }], sourceSettings(config), log);
      };
      assert.throws(() => check(''), {
        code: 'SQL_TABLE_RENEWED',
        message: /not published: too_late\.t$/,
      });
      check('skip_table_prerequisites');
    });

    test('a gap that is known to be none can be accepted, with a warning', async () => {
      await using capture = await captureOf('accepted');
      await capture.kill('SIGTERM');
      await server.query(`ALTER PUBLICATION accepted SET (publish = 'insert, update, delete, truncate')`);
      capture.start();
      assert.match(await capture.failure(), /^PG_PUBLICATION_GAP: .*accepted\.t \(its options were set/);
      await using willing = new CaptureHarness(
        {
          ...capture.config,
          advanced: {
            ...(capture.config['advanced'] as object),
            feature_flags: 'accept_publication_gap',
          },
        },
        capture.bindings,
      );
      willing.state = capture.state;
      willing.start();
      await server.query('INSERT INTO t VALUES (2, 0)');
      await willing.until('the row 2', () => ids(willing).includes(2));
      const told = willing.logs.filter(({ fields }) => fields['eventType'] === 'publicationGap');
      assert.deepEqual(
        told.map(({ level }) => level),
        ['warn'],
      );
      await willing.kill('SIGTERM');
      capture.state = willing.state;
      capture.start();
      await server.query('INSERT INTO t VALUES (3, 0)');
      await has(capture, 3);
    });
  });
}
