// Keys of many types, through `weir run` into the four SQL destinations: each row is found again by its key when it changes and
// when it is deleted. What a key becomes is written down in docs/types.md, which UPDATE_SNAPSHOTS=1 makes anew.

import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { missingMysql, missingPostgres, startMysql, startPostgres } from '@weir/testing';
import { Pipeline, until } from './pipeline.ts';
import { mysqlDestination, postgresDestination, sqliteDestination } from './round-trip-destinations.ts';
import { keysOf, renderKeys, withKeys } from './round-trip-page.ts';
import { typesSql, values } from './round-trip-values.ts';

const page = join(import.meta.dirname, '../../../docs/types.md');

/** Without floating point, of which nobody makes keys, and without what has no order to make an index by. */
const keyTypes = [
  'boolean',
  'smallint',
  'integer',
  'bigint',
  'oid',
  'numeric',
  'numeric(30,6)',
  'text',
  'varchar(10)',
  'char(5)',
  'citext',
  'bytea',
  'uuid',
  'date',
  'timestamp',
  'timestamptz',
  'time',
  'timetz',
  'interval',
  'inet',
  'cidr',
  'macaddr',
  'mood',
  'positive',
] as const;

/** Of values that differ at the source and not in JSON there could be no two keys. */
const tables = keyTypes.map((type, at) => ({
  type,
  table: `key_${String(at).padStart(2, '0')}`,
  keys: (values[type] ?? []).filter(([, losses]) => losses?.document === undefined).map(([sql]) => sql),
}));

test(
  '[G7] rows with keys of many types are found again in every SQL destination, whose columns are those of docs/types.md',
  { skip: missingPostgres(18) || missingMysql('mysql') || missingMysql('mariadb'), timeout: 300_000 },
  async () => {
    await using source = await startPostgres({ version: 18 });
    await using mysql = await startMysql({ flavour: 'mysql' });
    await using mariadb = await startMysql({ flavour: 'mariadb' });
    await source.query('CREATE DATABASE copy');
    await source.query(typesSql);
    for (const { type, table, keys } of tables) {
      await source.query(`CREATE TABLE ${table} (id ${type} PRIMARY KEY, n int)`);
      await source.query(
        `INSERT INTO ${table} VALUES ${keys.map((key) => `((${key})::${type}, 0)`).join(', ')}`,
      );
    }
    await using pipeline = Pipeline.create({
      server: source,
      tables: Object.fromEntries(tables.map(({ table }) => [table, `public/${table}`])),
    });
    const destinations = {
      postgres: postgresDestination(source, 'copy', { hardDelete: true }),
      mysql: mysqlDestination(mysql, { hardDelete: true }),
      mariadb: mysqlDestination(mariadb, { hardDelete: true }),
      sqlite: sqliteDestination(pipeline.destination, { hardDelete: true }),
    } as const;
    pipeline.write('flow.yaml', {
      import: ['source.yaml'],
      materializations: Object.fromEntries(
        Object.entries(destinations).map(([name, { connector }]) => [
          `acme/${name}`,
          {
            endpoint: { connector },
            bindings: tables.map(({ table }) => ({
              resource: { table },
              source: pipeline.collectionOf(table),
            })),
          },
        ]),
      ),
    });
    pipeline.start();
    async function untilAll(n: number, countOf: (keys: readonly string[]) => number): Promise<void> {
      for (const [place, destination] of Object.entries(destinations)) {
        for (const { type, table, keys } of tables) {
          let found: readonly (string | null)[] = [];
          const look = async (): Promise<boolean> => {
            found = (await destination.rows(table)).map((row) => row['n'] ?? null);
            return found.length === countOf(keys) && found.every((each) => each === String(n));
          };
          await until(`that ${place} has what is keyed by ${type}`, look, {
            everyMs: 250,
            explain: () => `${JSON.stringify(found)}\n${pipeline.log.slice(-3000)}`,
          });
        }
      }
    }
    await untilAll(0, (keys) => keys.length);
    for (const { table } of tables) await source.query(`UPDATE ${table} SET n = 1`);
    await untilAll(1, (keys) => keys.length);
    for (const { type, table, keys } of tables) {
      await source.query(`DELETE FROM ${table} WHERE id = (${keys[0]})::${type}`);
    }
    await untilAll(1, (keys) => keys.length - 1);
    assert.equal(await pipeline.run.stop(), 0, pipeline.log);

    const columnOf = async (place: keyof typeof destinations, table: string): Promise<string> =>
      (await destinations[place].types(table))['id'] ?? '';
    const keys = [];
    for (const { type, table } of tables) {
      keys.push({
        type,
        columns: {
          postgres: await columnOf('postgres', table),
          mysql: await columnOf('mysql', table),
          mariadb: await columnOf('mariadb', table),
          sqlite: await columnOf('sqlite', table),
        },
      });
    }
    const written = readFileSync(page, 'utf8');
    const rendered = renderKeys(keys);
    if (process.env['UPDATE_SNAPSHOTS'] === '1') writeFileSync(page, withKeys(written, rendered));
    else assert.equal(keysOf(written), rendered);
  },
);
