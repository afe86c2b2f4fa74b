// States as upstream writes them in the middle of precise backfills, over keys of each type: it spells some of them in
// another way than the keys are packed here, and a change of a row that it has read must not be taken for one of a row that
// is still to come. The expected bytes are made from the documented spellings, not by the connector's own packer.

import { packTuple, TupleDouble, type TupleElement } from '@weir/protocol';
import { missingPostgres, postgresVersions, startPostgres, type PostgresServer } from '@weir/testing';
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { CaptureHarness, discoverBindings, endpointConfig } from '../test/capture-harness.ts';

interface KeyOfUpstream {
  readonly type: string;
  /** SQL, in the order of the server. */
  readonly values: readonly [read: string, lastRead: string, unread: string];
  /** Of the second one, given the offset of the server's zone on 1 June 2024 and what is at 11:00 UTC there. */
  readonly scanned: (offset: string, localTime: string) => Buffer;
  readonly mode?: 'Precise';
}

const element = (value: TupleElement) => () => packTuple([value]);
const nested = (exponent: number, digits: string, wire: string) =>
  element(['N', [exponent, Buffer.from(digits, 'latin1'), Buffer.from(wire, 'hex')]]);

/** `numeric_send`: groups of four digits, weight, sign, scale. */
const keys: Readonly<Record<string, KeyOfUpstream>> = {
  small: { type: 'smallint', values: ['-300', '-5', '7'], scanned: element(-5) },
  whole: { type: 'integer', values: ['1', '300', '70000'], scanned: element(300) },
  big: {
    type: 'bigint',
    values: ['0', '9007199254740993', '9223372036854775807'],
    scanned: element(9_007_199_254_740_993n),
  },
  oids: { type: 'oid', values: ['1', '70000', '4294967295'], scanned: element(70_000) },
  single: {
    type: 'real',
    values: ['-2.5', '0.1', '1e10'],
    scanned: () => Buffer.from('20bdcccccd', 'hex'),
  },
  double: {
    type: 'double precision',
    values: ['-2.5', '0.1', '1e10'],
    scanned: element(new TupleDouble(0.1)),
  },
  exact: {
    type: 'numeric(8,3)',
    values: ['-1.5', '12.5', '99'],
    scanned: nested(20_002, '125', '0002000000000003000c1388'),
  },
  negative: {
    type: 'numeric(8,2)',
    values: ['-99', '-12.5', '0'],
    // Nine's complements of 125, and what stands above a nine.
    scanned: nested(-20_002, '874:', '0002000040000002000c1388'),
  },
  unlimited: {
    type: 'numeric',
    values: ['1', '10.00', '11'],
    scanned: nested(20_002, '1', '0001000000000002000a'),
  },
  bytes: {
    type: 'bytea',
    values: [String.raw`'\x00'`, String.raw`'\x0001'`, String.raw`'\xff'`],
    scanned: element(Buffer.from([0, 1])),
  },
  uuids: {
    type: 'uuid',
    values: [
      "'00000000-0000-4000-8000-000000000001'",
      "'7f000000-0000-4000-8000-000000000001'",
      "'ff000000-0000-4000-8000-000000000001'",
    ],
    scanned: element('7f000000-0000-4000-8000-000000000001'),
  },
  mac: {
    type: 'macaddr',
    values: ["'08:00:2b:01:02:03'", "'08:00:2b:01:02:04'", "'09:00:2b:01:02:03'"],
    scanned: element('08:00:2b:01:02:04'),
  },
  day: {
    type: 'date',
    values: ["'2024-05-31'", "'2024-06-01'", "'2024-06-02'"],
    scanned: element('2024-06-01T00:00:00.000000000Z'),
  },
  stamp: {
    type: 'timestamp',
    values: ["'2024-06-01 10:00:00'", "'2024-06-01 11:00:00.5'", "'2024-06-01 12:00:00'"],
    scanned: element('2024-06-01T11:00:00.500000000Z'),
  },
  zoned: {
    type: 'timestamptz',
    values: ["'2024-06-01 09:00:00Z'", "'2024-06-01 11:00:00Z'", "'2024-06-01 11:30:00Z'"],
    scanned: (offset, localTime) => packTuple([`2024-06-01T${localTime}.000000000${offset}`]),
  },
  /** Upstream keeps the values of a domain as it gets them, as texts. */
  domain: { type: 'positive', values: ['1', '5', '7'], scanned: element('5') },
  /** In the order of the collation, in which `Z` comes last. */
  words: {
    type: 'text COLLATE "en-x-icu"',
    values: ["'a'", "'b'", "'Z'"],
    scanned: element('b'),
    mode: 'Precise',
  },
  padded: { type: 'char(4)', values: ["'a'", "'b'", "'c'"], scanned: element('b   '), mode: 'Precise' },
};

const zones = [
  { schema: 'west', zone: 'PST8PDT', offset: '-07:00', localTime: '04:00:00' },
  { schema: 'east', zone: 'Asia/Kolkata', offset: '+05:30', localTime: '16:30:00' },
];

for (const version of postgresVersions) {
  describe(
    `switching over to PostgreSQL ${version} in the middle of a backfill`,
    { skip: missingPostgres(version) },
    () => {
      let server: PostgresServer;
      before(async () => {
        server = await startPostgres({ version });
        await server.query('CREATE DOMAIN positive AS int CHECK (VALUE > 0)');
      });
      after(async () => server[Symbol.asyncDispose]());

      for (const { schema, zone, offset, localTime } of zones) {
        test(`no change is lost, and no backfill stops, over keys of each type in the zone ${zone}`, async () => {
          await server.query(`ALTER DATABASE postgres SET timezone = '${zone}'; CREATE SCHEMA ${schema}`);
          for (const [name, { type, values }] of Object.entries(keys)) {
            await server.query(
              `CREATE TABLE ${schema}.${name} (k ${type} PRIMARY KEY, n int, v text);
             INSERT INTO ${schema}.${name} VALUES ${values.map((value, n) => `(${value}, ${n}, 'old')`).join(', ')}`,
            );
          }
          const config = endpointConfig(server, {
            advanced: {
              backfill_chunk_size: 1,
              slotName: schema,
              publicationName: schema,
              discover_schemas: [schema],
            },
          });
          const modes = Object.fromEntries(
            Object.entries(keys).map(([name, { mode }]) => [name, { mode: mode ?? '' }]),
          );
          await using capture = new CaptureHarness(config, await discoverBindings(config, modes));
          capture.start();
          await capture.untilActive();
          await capture.kill('SIGTERM');
          const begun = Object.entries(keys).map(([name, { scanned }]) => [
            `${schema}%2F${name}`,
            {
              mode: 'Backfill',
              key_columns: ['k'],
              scanned: scanned(offset, localTime).toString('base64'),
              backfilled: 2,
            },
          ]);
          capture.state = { cursor: capture.state['cursor'], bindingStateV1: Object.fromEntries(begun) };
          const seen = capture.committed.length;
          for (const name of Object.keys(keys)) await server.query(`UPDATE ${schema}.${name} SET v = 'new'`);
          capture.start();
          await capture.untilActive();
          for (const name of Object.keys(keys)) {
            const rows = capture.rows(name).map(({ n, v }) => JSON.stringify([n, v]));
            assert.deepEqual(rows.toSorted(), [`[0,"new"]`, `[1,"new"]`, `[2,"new"]`], name);
          }
          // What could be gone on with was: the third row was read, the first two were only streamed.
          const read = capture.committed
            .slice(seen)
            .filter(({ document }) => document._meta.source.snapshot === true);
          for (const [name, { mode }] of Object.entries(keys)) {
            const numbers = read
              .filter(({ table }) => table === name)
              .map(({ document }) => Number(document['n']));
            assert.deepEqual(
              numbers.toSorted((a, b) => a - b),
              mode === 'Precise' ? [0, 1, 2] : [2],
              name,
            );
          }
          const told = capture.logs.filter(({ message }) => /starts over/.test(message));
          assert.deepEqual(
            told.map(({ message }) => String(/the key of (\S+) was read/.exec(message)?.[1])).toSorted(),
            [`${schema}.padded`, `${schema}.words`],
          );
        });
      }
    },
  );
}
