// Every type of PostgreSQL, through `weir run` into the four SQL destinations, and read back. What arrives is written down in
// docs/types.md, which UPDATE_SNAPSHOTS=1 makes anew.

import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { loadCatalog } from '@weir/runtime';
import { missingMysql, missingPostgres, type PostgresServer, startMysql, startPostgres } from '@weir/testing';
import { committedDocuments } from './journal-file.ts';
import { Pipeline, until } from './pipeline.ts';
import { Comparison, documentText, rawProperties } from './round-trip-comparison.ts';
import {
  type Destination,
  mysqlDestination,
  postgresDestination,
  type Row,
  sqliteDestination,
} from './round-trip-destinations.ts';
import { type Journey, keysOf, renderPage, schemaText, type TypeJourney } from './round-trip-page.ts';
import { type Losses, type Place, places, typesSql, unwritable, values } from './round-trip-values.ts';

const page = join(import.meta.dirname, '../../../docs/types.md');
const types = Object.entries(values).map(([type, each], at) => ({
  type,
  values: each,
  column: `c${String(at).padStart(2, '0')}`,
}));
/** One of each value, and a last one without values. */
const rowCount = Math.max(...types.map((each) => each.values.length)) + 1;

function insertSql(firstId: number): string {
  const rows = Array.from({ length: rowCount }, (_, row) => {
    const cells = types.map(({ type, values: each }) => {
      const value = each[row];
      return value === undefined ? 'NULL' : `(${value[0]})::${type}`;
    });
    return `(${firstId + row}, ${cells.join(', ')})`;
  });
  return `INSERT INTO types VALUES ${rows.join(', ')}`;
}

/** Types that the server has of its own, but for arrays of them, and that are not among those here. */
async function missingTypes(source: PostgresServer): Promise<readonly string[]> {
  const here = types.map(({ type }) => `'${type}'::regtype`);
  const missing = await source.query(`
    SELECT typname FROM pg_type
    WHERE typnamespace = 'pg_catalog'::regnamespace AND typtype IN ('b', 'r', 'm') AND typcategory <> 'A'
      AND oid NOT IN (${here.join(', ')}) ORDER BY typname`);
  return missing.map(({ typname }) => typname ?? '');
}

async function untilArrived(
  pipeline: Pipeline,
  destination: Destination,
  count: number,
): Promise<readonly Row[]> {
  let rows: readonly Row[] = [];
  const look = async (): Promise<boolean> => {
    rows = await destination.rows('types');
    return rows.length === count;
  };
  await until(`that there are ${count} rows`, look, {
    everyMs: 250,
    explain: () => `${rows.length} rows\n${pipeline.log.slice(-5000)}`,
  });
  return rows;
}

for (const version of [18, 15] as const) {
  test(
    `[G7] every type of PostgreSQL ${version} arrives in every SQL destination as docs/types.md says`,
    { skip: missingPostgres(version) || missingMysql('mysql') || missingMysql('mariadb'), timeout: 300_000 },
    async () => {
      await using source = await startPostgres({ version });
      await using mysql = await startMysql({ flavour: 'mysql' });
      await using mariadb = await startMysql({ flavour: 'mariadb' });
      await source.query('CREATE DATABASE copy');
      await source.query(typesSql);
      assert.deepEqual(await missingTypes(source), unwritable);
      const columns = types.map(({ type, column }) => `${column} ${type}`);
      await source.query(`CREATE TABLE types (id bigint PRIMARY KEY, ${columns.join(', ')})`);
      await source.query(insertSql(1));

      await using pipeline = Pipeline.create({ server: source, tables: { types: 'public/types' } });
      const collection = pipeline.collectionOf('types');
      const destinations = {
        postgres: postgresDestination(source, 'copy'),
        mysql: mysqlDestination(mysql),
        mariadb: mysqlDestination(mariadb),
        sqlite: sqliteDestination(pipeline.destination),
      } as const;
      const bindings = [{ resource: { table: 'types' }, source: collection }];
      pipeline.write('flow.yaml', {
        import: ['source.yaml'],
        materializations: Object.fromEntries(
          Object.entries(destinations).map(([name, { connector }]) => [
            `acme/${name}`,
            { endpoint: { connector }, bindings },
          ]),
        ),
      });
      pipeline.start();
      for (const destination of Object.values(destinations))
        await untilArrived(pipeline, destination, rowCount);
      await source.query(insertSql(101));
      const rowsOf = async (place: keyof typeof destinations): Promise<readonly Row[]> =>
        await untilArrived(pipeline, destinations[place], 2 * rowCount);
      const found = {
        postgres: await rowsOf('postgres'),
        mysql: await rowsOf('mysql'),
        mariadb: await rowsOf('mariadb'),
        sqlite: await rowsOf('sqlite'),
      };
      assert.equal(await pipeline.run.stop(), 0, pipeline.log);

      const journal = committedDocuments(pipeline.statePath, collection);
      for (const place of ['postgres', 'mariadb', 'sqlite'] as const) {
        const stored = found[place].map((row) => row['flow_document']);
        assert.deepEqual(stored, journal, `flow_document of ${place}`);
      }
      const captured = journal
        .map(rawProperties)
        .map((properties) =>
          Object.fromEntries(
            types.map(({ type, column }) => [column, documentText(type, properties[column])]),
          ),
        );
      const placed: Readonly<Record<Place, readonly Row[]>> = { document: captured, ...found };
      for (const place of places) {
        const [read, replicated] = [placed[place].slice(0, rowCount), placed[place].slice(rowCount)];
        for (const { type, column } of types) {
          const valuesOf = (rows: readonly Row[]) => rows.map((row) => row[column] ?? null);
          assert.deepEqual(valuesOf(replicated), valuesOf(read), `${place}: ${type} by replication`);
          assert.equal(valuesOf(read).at(-1), null, `${place}: null in ${type}`);
        }
      }

      const comparison = await Comparison.create(source);
      const originals = await source.query(
        `SELECT ${types.map(({ column }) => `${column}::text`).join(', ')} FROM types ORDER BY types.id`,
      );
      const unexplained: string[] = [];
      async function journeyOf(type: string, column: string, row: number, losses: Losses): Promise<Journey> {
        const original = originals[row]?.[column] ?? '';
        const at = (place: Place): string | null => placed[place][row]?.[column] ?? null;
        const arrived = {
          document: at('document'),
          postgres: at('postgres'),
          mysql: at('mysql'),
          mariadb: at('mariadb'),
          sqlite: at('sqlite'),
        };
        for (const place of places) {
          // What the document has lost is not lost again at a destination.
          const isSame =
            place === 'document'
              ? await comparison.isCaptured(type, original, arrived.document)
              : await comparison.isKept(type, arrived.document, arrived[place]);
          if (isSame === (losses[place] === undefined)) continue;
          const told = isSame ? 'is the same, but a reason is given' : 'is not the same, and has no reason';
          unexplained.push(`${type} ${original} in ${place}: ${arrived[place]} ${told}`);
        }
        return { original, found: arrived, losses };
      }

      const catalog = await loadCatalog(join(pipeline.path, 'flow.yaml'));
      const schema = schemaText(catalog.collections.get(collection)?.writeSchema ?? '');
      const columnTypes = {
        postgres: await destinations.postgres.types('types'),
        mysql: await destinations.mysql.types('types'),
        mariadb: await destinations.mariadb.types('types'),
        sqlite: await destinations.sqlite.types('types'),
      };
      const journeys: TypeJourney[] = [];
      for (const { type, column, values: each } of types) {
        const ways: Journey[] = [];
        for (const [row, [, losses = {}]] of each.entries())
          ways.push(await journeyOf(type, column, row, losses));
        const typeIn = (place: keyof typeof columnTypes): string => columnTypes[place][column] ?? '';
        journeys.push({
          type,
          schema: schema(column),
          columns: {
            postgres: typeIn('postgres'),
            mysql: typeIn('mysql'),
            mariadb: typeIn('mariadb'),
            sqlite: typeIn('sqlite'),
          },
          journeys: ways,
        });
      }
      assert.deepEqual(unexplained, []);
      const written = readFileSync(page, 'utf8');
      const rendered = renderPage(journeys, keysOf(written));
      if (process.env['UPDATE_SNAPSHOTS'] === '1' && version === 18) writeFileSync(page, rendered);
      else assert.equal(written, rendered);
    },
  );
}
