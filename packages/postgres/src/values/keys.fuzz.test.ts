// Random keys: packed, they compare as the server orders them, equal ones are the same bytes, and what is read back from
// the bytes is the same key to the server. A precise backfill takes changes by this order; where it failed, a change
// would be taken for one of a row that is still to come, and be lost.

import { connect, type PgConnection } from '@weir/pgwire';
import { TuplePacker } from '@weir/protocol';
import {
  missingPostgres,
  postgresVersions,
  randomPostgres as random,
  type RandomValue,
  SeededRandom,
  startPostgres,
} from '@weir/testing';
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import {
  compileKeyPacker,
  isByteOrdered,
  isByteOrderedUnderC,
  keyParameters,
  sessionSettings,
  TypeCatalog,
} from './index.ts';

const crashRuns = process.env['WEIR_CRASH_RUNS'];
const count = crashRuns === undefined ? 500 : 20 * Number(crashRuns);
const seed = Number(process.env['WEIR_CRASH_SEED'] ?? Date.now() % 1_000_000);

/** Few values, so that many are equal or neighbours, in several spellings. */
const closeNumeric: RandomValue = (r) =>
  `${r.pick(['', '-'])}${r.pick(['0', '9', '10', '10000', '9999.9', '0.0001'])}${r.pick(['', '', 'e3', 'e-7'])}`;
const paddedNumeric: RandomValue = (r) => {
  const zeros = '0'.repeat(r.between(0, 5));
  return `${r.between(-20, 20)}.${r.pick(['', '5', '05', '50'])}${zeros}`;
};
const closeText: RandomValue = (r) =>
  r.list(0, 3, () => r.pick(['a', ' ', 'b', '\t', 'é', '\u0001', '😀', '\uffff', 'A', '-'])).join('');

/** By type: how its values are drawn. Texts are ordered as a precise backfill asks for. */
const keys: readonly (readonly [type: string, value: RandomValue])[] = [
  ['bool', random.bool],
  ['int2', random.int2],
  ['int4', random.int4],
  ['int8', random.int8],
  ['oid', random.oid],
  ['float4', random.float4],
  ['float8', random.float8],
  ['numeric', random.numeric],
  ['numeric', closeNumeric],
  ['numeric', paddedNumeric],
  ['numeric(12,4)', random.limitedNumeric(12, 4)],
  ['bytea', random.bytea],
  ['uuid', random.uuid],
  ['date', random.date],
  ['timestamp', random.timestamp],
  ['timestamptz', random.timestamptz],
  ['macaddr', random.macaddr],
  ['macaddr8', random.macaddr8],
  ['text', random.text],
  ['text', closeText],
  ['varchar(3)', closeText],
  ['bpchar', closeText],
  ['char(4)', closeText],
];

const texts = /^(text|varchar|bpchar|char)/;

for (const version of postgresVersions) {
  describe(`random keys of PostgreSQL ${version}`, { skip: missingPostgres(version) }, () => {
    test('packed keys compare as the server orders them, alone and in pairs, and come back as the same keys', async (context) => {
      context.diagnostic(`${count} keys of each type, seed ${seed}`);
      await using server = await startPostgres({
        version,
        settings: { timezone: 'America/New_York', jit: 'off' },
      });
      const { host, port, user, password, database } = server;
      await using connection = await connect({
        host,
        port,
        user,
        password,
        database,
        settings: sessionSettings,
      });
      const source = new SeededRandom(seed);
      const catalog = new TypeCatalog();
      for (const [type, value] of keys) {
        const values = Array.from({ length: count }, () => value(source));
        await compare(connection, catalog, [[type, values]]);
      }
      for (let pair = 0; pair < 20; pair += 1) {
        const columns = [source.pick(keys), source.pick(keys)].map(([type, value]): [string, string[]] => {
          const few = Array.from({ length: 8 }, () => value(source));
          return [type, Array.from({ length: count }, () => source.pick(few))];
        });
        await compare(connection, catalog, columns);
      }
    });
  });
}

async function compare(
  connection: PgConnection,
  catalog: TypeCatalog,
  columns: readonly (readonly [type: string, values: readonly string[]])[],
): Promise<void> {
  const names = columns.map((_, index) => `k${index}`);
  const what = columns.map(([type]) => type).join(', ');
  await connection.query(
    `DROP TABLE IF EXISTS keys; CREATE TEMP TABLE keys (${columns.map(([type], index) => `k${index} ${type}`).join(', ')})`,
  );
  const casts = columns.map(([type], index) => `($${index + 1}::text[])[i]::${type}`);
  await connection.query(
    `INSERT INTO keys SELECT ${casts.join(', ')} FROM generate_series(1, ${count}) i`,
    columns.map(([, values]) => arrayLiteral(values)),
  );
  const order = columns
    .map(([type], index) => `k${index}${texts.test(type) ? ' COLLATE "C"' : ''}`)
    .join(', ');
  const { rows, columns: described } = await connection.query(
    `SELECT ${names.join(', ')}, dense_rank() OVER (ORDER BY ${order}) FROM keys ORDER BY ${order}`,
  );
  const oids = names.map((_, index) => described[index]?.typeOid ?? 0);
  await catalog.load(connection, oids);
  const types = oids.map((oid) => catalog.get(oid));
  for (const [index, type] of types.entries()) {
    const isText = texts.test(columns[index]?.[0] ?? '');
    assert.deepEqual([isByteOrdered(type), isByteOrderedUnderC(type)], [!isText, isText], type.name);
  }
  const packers = types.map(compileKeyPacker);
  const tuple = new TuplePacker();
  const packed = rows.map((row) => {
    tuple.reset();
    for (const [index, pack] of packers.entries()) {
      const bytes = Buffer.from(`(${row[index]})`);
      pack(tuple, bytes, 1, bytes.length - 1);
    }
    return tuple.copy();
  });
  assert.equal(packed.length, count);
  for (let index = 1; index < packed.length; index += 1) {
    const [before, after] = [packed[index - 1] ?? Buffer.alloc(0), packed[index] ?? Buffer.alloc(0)];
    const expected = rows[index - 1]?.at(-1) === rows[index]?.at(-1) ? 0 : -1;
    assert.equal(
      Buffer.compare(before, after),
      expected,
      `${what}: ${JSON.stringify(rows[index - 1])} and ${JSON.stringify(rows[index])}`,
    );
  }
  const parameters = packed.map((key) => keyParameters(types, key));
  for (const [index, [type]] of columns.entries()) {
    const { rows: wrong } = await connection.query(
      `SELECT shown, again FROM unnest($1::text[], $2::text[]) both_texts (shown, again) WHERE shown::${type} <> again::${type}`,
      [
        arrayLiteral(rows.map((row) => row[index] ?? '')),
        arrayLiteral(parameters.map((row) => row[index] ?? '')),
      ],
    );
    assert.deepEqual(wrong, [], `${what}: read back`);
  }
}

function arrayLiteral(values: readonly string[]): string {
  return `{${values.map((value) => `"${value.replaceAll(/["\\]/g, String.raw`\$&`)}"`).join(',')}}`;
}
