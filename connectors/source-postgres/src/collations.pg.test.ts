// Text keys in a database whose order is not that of bytes (since version 15): ICU's en-US, and a collation under which texts
// that differ are equal. A backfill in the server's order has to find its place again by that order, and a precise one to
// compare by bytes.

import type { PgConnection } from '@weir/pgwire';
import { missingPostgres, postgresVersions, startPostgres, type PostgresServer } from '@weir/testing';
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { CaptureHarness, discoverBindings, endpointConfig } from '../test/capture-harness.ts';

const words = [
  'Äpfel',
  'a b',
  'ab',
  'apfel',
  'B',
  'b',
  'C',
  'co-op',
  'coop',
  'd',
  'É',
  'e',
  'z',
  'Z',
  'ß',
  'ss',
  '10',
  '9',
];
/** Two of these are equal under the second collation; a table takes one of them. */
const fewWords = ['Äpfel', 'ab', 'apfel', 'B', 'C', 'co-op', 'd', 'É', 'z', 'ß', '10', '9'];

for (const version of postgresVersions) {
  const skip = version < 15 ? 'since version 15' : missingPostgres(version);
  describe(`text keys under collations of PostgreSQL ${version}`, { skip }, () => {
    let server: PostgresServer;
    let database: PgConnection;
    before(async () => {
      server = await startPostgres({ version });
      await server.query(
        `CREATE DATABASE words TEMPLATE template0 ENCODING 'UTF8' LOCALE_PROVIDER icu ICU_LOCALE 'en-US' LOCALE 'C'`,
      );
      database = await server.connect('words');
      await database.query(
        `CREATE COLLATION caseless (provider = icu, locale = 'und-u-ks-level2', deterministic = false)`,
      );
    });
    after(async () => {
      await database.close();
      await server[Symbol.asyncDispose]();
    });

    const column = async (sql: string) => (await database.query(sql)).rows.map(([value]) => value);

    async function captureOf(
      name: string,
      collation: string,
      mode: string,
      connections = 1,
    ): Promise<CaptureHarness> {
      const values = (collation === '' ? words : fewWords).map((word) => `('${word}', 1)`).join(', ');
      await database.query(
        `CREATE SCHEMA ${name}; CREATE TABLE ${name}.t (k text ${collation}, v int, PRIMARY KEY (k)); INSERT INTO ${name}.t VALUES ${values}`,
      );
      const config = endpointConfig(server, {
        database: 'words',
        advanced: {
          backfill_chunk_size: 1,
          backfill_connections: connections,
          slotName: name,
          publicationName: name,
          discover_schemas: [name],
        },
      });
      return new CaptureHarness(config, await discoverBindings(config, { t: { mode } }));
    }

    const collations = [
      ['', 'en-US'],
      ['COLLATE caseless', 'one that takes texts for equal'],
    ] as const;
    for (const [collation, title] of collations) {
      for (const mode of ['', 'Precise', 'Without Primary Key']) {
        test(`under ${title}, in the mode ${mode === '' ? 'automatic' : mode}, the collection ends equal to the table`, async () => {
          const name = `m_${collation.slice(8)}_${mode.replaceAll(' ', '')}`.toLowerCase();
          await using capture = await captureOf(name, collation, mode);
          capture.start();
          await capture.until('a third of the rows', () => capture.committed.length >= fewWords.length / 3);
          await capture.kill();
          // Rows read and rows to come: changed, deleted, under new keys, and new ones before, between and behind them.
          await database.query(`
            UPDATE ${name}.t SET v = v + 1 WHERE k IN ('Äpfel', 'apfel', 'B', 'z', '9');
            DELETE FROM ${name}.t WHERE k IN ('ab', 'ß');
            UPDATE ${name}.t SET k = 'Ångström' WHERE k = 'C'; UPDATE ${name}.t SET k = 'D' WHERE k = 'd';
            INSERT INTO ${name}.t VALUES ('0', 1), ('Aal', 1), ('f', 1), ('zz', 1)`);
          capture.start();
          await capture.untilActive();
          await database.query(`UPDATE ${name}.t SET v = v + 10 WHERE k IN ('Aal', 'É', 'D')`);
          await capture.until(
            'the last changes',
            () => capture.rows('t').filter(({ v }) => Number(v) > 10).length === 3,
          );
          const rows = await column(`SELECT json_build_array(k, v) FROM ${name}.t`);
          assert.deepEqual(
            capture
              .rows('t')
              .map(({ k, v }) => JSON.stringify([k, v]))
              .toSorted(),
            rows.map((row) => JSON.stringify(JSON.parse(row ?? ''))).toSorted(),
          );
        });
      }
    }

    test('automatic reads in the order of the database, Precise in that of bytes, and each row once', async () => {
      for (const [mode, order, connections] of [
        ['', '', 1],
        ['', '', 3],
        ['Precise', ' COLLATE "C"', 1],
        ['Precise', ' COLLATE "C"', 3],
      ] as const) {
        const name = `order_${mode.toLowerCase()}${connections}`;
        await using capture = await captureOf(name, '', mode, connections);
        capture.start();
        await capture.untilActive();
        const expected = await column(`SELECT k FROM ${name}.t ORDER BY k${order}`);
        assert.deepEqual(
          capture.documents('t').map(({ document }) => document['k']),
          expected,
          mode,
        );
      }
      const orders = await Promise.all([
        column('SELECT k FROM order_1.t ORDER BY k'),
        column('SELECT k FROM order_1.t ORDER BY k COLLATE "C"'),
      ]);
      assert.notDeepEqual(orders[0], orders[1]);
    });
  });
}
