// Random values of every type: what a backfill reads, what is replicated, and what a replica identity brings back are
// the bytes that the server's own SQL says they are. A round has its own seed, tables and settings of the server.

import { compileSchema } from '@weir/schema';
import {
  missingPostgres,
  type PostgresServer,
  postgresVersions,
  SeededRandom,
  startPostgres,
} from '@weir/testing';
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { CaptureHarness, discoverBindings, endpointConfig } from '../test/capture-harness.ts';
import { type TypedColumn, typedColumns, typeDefinitions } from '../test/typed-columns.ts';
import { documentedRows, fillTable, propertiesOf } from '../test/typed-table.ts';

/** Values of each type: 10,000 with the 500 runs of `npm run crash`. */
const crashRuns = process.env['WEIR_CRASH_RUNS'];
const count = crashRuns === undefined ? 200 : 20 * Number(crashRuns);
const ROUND = 500;
const firstSeed = Number(process.env['WEIR_CRASH_SEED'] ?? Date.now() % 1_000_000);

/** Some have offsets of seconds in the past. */
const zones = [
  'UTC',
  'America/New_York',
  'Asia/Kathmandu',
  'Africa/Monrovia',
  'Europe/Amsterdam',
  'Australia/Lord_Howe',
  'Pacific/Apia',
];

/** What a user may be given; but for the zone none of it may show. */
function oddSettings(random: SeededRandom): Record<string, string> {
  return {
    TimeZone: `'${random.pick(zones)}'`,
    DateStyle: random.pick(['ISO, DMY', 'SQL, DMY', 'German', 'Postgres, MDY']),
    IntervalStyle: random.pick(['postgres', 'iso_8601', 'sql_standard', 'postgres_verbose']),
    bytea_output: random.pick(['hex', 'escape']),
    extra_float_digits: random.pick(['-15', '0', '1', '3']),
    standard_conforming_strings: random.pick(['on', 'off']),
    xmloption: random.pick(['content', 'document']),
  };
}

for (const version of postgresVersions) {
  describe(`random values of PostgreSQL ${version}`, { skip: missingPostgres(version) }, () => {
    test('[G7] a backfill, the change stream and the server’s own SQL give the same bytes for values of every type', async (context) => {
      await using server = await startPostgres({ version, settings: { lc_monetary: 'C', jit: 'off' } });
      const available = await server.query('SELECT name FROM pg_available_extensions');
      const extensions = new Set(available.map(({ name }) => name));
      const isHere = ({ extension }: TypedColumn) => extension === undefined || extensions.has(extension);
      const columns = typedColumns(version).filter(isHere);
      const missing = typedColumns(version).filter((column) => !isHere(column));
      context.diagnostic(`${count} values of each of ${columns.length} types, seed ${firstSeed}`);
      if (missing.length > 0) {
        context.diagnostic(`not installed, and left out: ${missing.map(({ type }) => type).join(', ')}`);
      }
      for (const extension of new Set(columns.flatMap((column) => column.extension ?? [])))
        await server.query(`CREATE EXTENSION ${extension}`);
      await server.query(typeDefinitions);
      for (let done = 0; done < count; done += ROUND) {
        const seed = firstSeed + done / ROUND;
        await compareRound(server, columns, seed, Math.min(ROUND, count - done)).catch((error: unknown) => {
          throw new Error(`with seed ${seed} (WEIR_CRASH_SEED)`, { cause: error });
        });
      }
    });
  });
}

async function compareRound(
  server: PostgresServer,
  columns: readonly TypedColumn[],
  seed: number,
  rows: number,
): Promise<void> {
  const random = new SeededRandom(seed);
  const settings = oddSettings(random);
  await server.query('DROP TABLE IF EXISTS read, streamed');
  await fillTable(server, 'read', columns, rows, random);
  await server.query(
    'CREATE TABLE streamed (LIKE read INCLUDING ALL); ALTER TABLE streamed REPLICA IDENTITY FULL',
  );
  for (const [name, value] of Object.entries(settings))
    await server.query(`ALTER ROLE postgres SET ${name} = ${value}`);
  const name = `fuzz_${seed}`;
  const config = endpointConfig(server, { advanced: { slotName: name, publicationName: name } });
  const bindings = await discoverBindings(config);
  await using capture = new CaptureHarness(config, bindings);
  capture.start();
  await capture.untilActive();
  await server.query('INSERT INTO streamed SELECT * FROM read ORDER BY id; DELETE FROM streamed');
  await capture.until('the streamed rows', () => capture.documents('streamed').length === 2 * rows);
  await capture.kill('SIGTERM');
  await server.query(`SELECT pg_drop_replication_slot('${name}'); DROP PUBLICATION ${name}`);

  const expected = await documentedRows(server, 'read', columns, settings['TimeZone'] ?? '');
  const streamed = capture.documents('streamed');
  assertRows('read', capture.documents('read'), expected, columns);
  assertRows('replicated', streamed.slice(0, rows), expected, columns);
  assertRows('deleted', streamed.slice(rows), expected, columns);
  const schema = compileSchema(bindings[0]?.documentSchema ?? '');
  for (const { document } of capture.documents('read')) assert.equal(schema.validate(document), undefined);
}

function assertRows(
  what: string,
  documents: CaptureHarness['committed'],
  expected: readonly (readonly string[])[],
  columns: readonly TypedColumn[],
): void {
  assert.equal(documents.length, expected.length, what);
  for (const { text, document } of documents) {
    const row = expected[Number(document['id'])] ?? [];
    for (const [index, json] of propertiesOf(text, columns).entries()) {
      // Tens of thousands of values a round: only the one that differs is worth a message.
      if (json === row[index]) continue;
      assert.equal(json, row[index], `${what}: ${columns[index]?.type} in row ${Number(document['id'])}`);
    }
  }
}
