import assert from 'node:assert/strict';
import { after, before, suite, test } from 'node:test';
import { JsonBuffer } from '@weir/json-bytes';
import {
  connect,
  type PgConnection,
  PgOutputDecoder,
  pgoutputOptions,
  quoteLiteral,
  readCopyTextRow,
  TupleView,
} from '@weir/pgwire';
import { TuplePacker } from '@weir/protocol';
import {
  matchSnapshot,
  missingPostgres,
  type PostgresServer,
  postgresVersions,
  startPostgres,
} from '@weir/testing';
import {
  columnSchema,
  compileKeyPacker,
  compileValueWriter,
  isByteOrdered,
  keyParameters,
  sessionSettings,
  TypeCatalog,
} from './index.ts';

const preparation = `
  CREATE EXTENSION IF NOT EXISTS citext;
  CREATE TYPE mood AS ENUM ('sad', 'so so', 'ok');
  CREATE TYPE pair AS (a int, b text);
  CREATE TYPE floatrange AS RANGE (subtype = float8);
  CREATE DOMAIN positive AS int CHECK (value > 0);
  CREATE DOMAIN very_positive AS positive CHECK (value > 10);
  CREATE DOMAIN moods AS mood[];
`;

/** Per type: texts of values, as a person would write them. */
const wholeZoo: readonly (readonly [string, readonly string[]])[] = [
  ['bool', ['t', 'f']],
  ['int2', ['-32768', '32767']],
  ['int4', ['0', '-2147483648']],
  ['int8', ['-9223372036854775808', '9223372036854775807', '9007199254740993']],
  ['oid', ['4294967295']],
  ['float4', ['123.456', '1e-7', '-0', 'NaN', 'Infinity', '1e20']],
  ['float8', ['0.1', '1e300', '5e-324', '-0', 'NaN', '-Infinity', '123456789012345680']],
  ['numeric', ['0', '-1.50', '12345678901234567890.000000001', 'NaN']],
  ['numeric(10,3)', ['0', '1.5']],
  ['money', ['-999.99']],
  ['text', ['', 'a\tb\nc\r\b\f\v\\d"e/\u0001\u007fé😀', '\\N']],
  ['varchar(20)', ['short']],
  ['bpchar(5)', ['ab']],
  ['citext', ['CaSe']],
  ['"char"', ['x']],
  ['name', ['a name']],
  ['bytea', ['\\x', '\\x00ff10', '\\xdeadbeef']],
  [
    'json',
    [
      ' { "b" : [1.00, "\\u0000\\ud83d\\ude00"], "a":"x\ty" , "b":null }'.replace('\t', ' '),
      '"\\ud800"',
      'null',
    ],
  ],
  ['jsonb', ['{"b": [1.00, true], "a": "line\\nbreak"}']],
  ['xml', ['<a b="c">d</a>']],
  ['jsonpath', ['$.name']],
  ['tsvector', ["a fat 'it''s'"]],
  ['tsquery', ['fat & rat']],
  ['bit(4)', ['0101']],
  ['varbit', ['1']],
  ['uuid', ['A0EEBC99-9C0B-4EF8-BB6D-6BB9BD380A11']],
  ['date', ['2024-01-15', 'infinity', '-infinity', '0044-03-15 BC', '10000-01-01']],
  [
    'timestamp',
    ['2024-01-15 14:30:45', '2024-01-15 14:30:45.120', 'infinity', '-infinity', '0044-03-15 00:00 BC'],
  ],
  [
    'timestamptz',
    ['2024-01-15 14:30:45+00', '2024-07-15 14:30:45.123456+00', '1880-01-01 12:00+00', 'infinity'],
  ],
  ['time', ['14:30', '23:59:59.999999', '24:00']],
  ['timetz', ['14:30+05:30', '00:00+00', '14:30:00.5-08']],
  ['interval', ['1 year 2 months 3 days 04:05:06.5', '0', '-5 hours']],
  ['point', ['(1,2)']],
  ['line', ['{1,2,3}']],
  ['lseg', ['[(1,2),(3,4)]']],
  ['box', ['(1,2),(3,4)']],
  ['path', ['[(0,0),(1,1)]', '((0,0),(1,1))']],
  ['polygon', ['((0,0),(0,1),(1,0))']],
  ['circle', ['<(1,2),3>']],
  ['inet', ['192.168.1.1', '10.0.0.1/8', '::1', '2001:4f8:3:ba::/64']],
  ['cidr', ['192.168.1.0/24', '2001:4f8:3:ba::/64']],
  ['macaddr', ['08-00-2B-01-02-03']],
  ['macaddr8', ['08:00:2b:01:02:03:04:05']],
  ['int4range', ['(1,10]', 'empty', '(,)']],
  ['int8range', ['[5,]']],
  ['numrange', ['[1.50,2]']],
  ['daterange', ['[2024-01-01,2024-12-31]', '[2024-01-01,infinity)']],
  ['tsrange', ['[2024-01-01,2024-12-31 12:00:00.5)']],
  ['tstzrange', ['[2024-01-01 00:00+00,)']],
  ['floatrange', ['(1,2.5]']],
  ['int4multirange', ['{[1,3),[7,9]}']],
  ['mood', ['so so']],
  ['pair', ['(1234,"a ""b"", c")']],
  ['very_positive', ['42']],
  ['moods', ['{sad,"so so"}']],
  ['int4[]', ['{}', '{1,NULL,3}', '[0:1][5:6]={{1,2},{3,4}}']],
  ['text[]', ['{"a,b","NULL",NULL,"q\\"\\\\q\ttab"}']],
  ['box[]', ['{(1,1),(0,0);(3,3),(2,2)}']],
  ['jsonb[]', ['{"{\\"a\\": \\"b\\\\\\\\c\\"}"}']],
  ['bytea[]', ['{"\\\\x00ff"}']],
  ['timestamptz[]', ['{"2024-01-15 14:30:45+00"}']],
  ['mood[]', ['{ok,"so so"}']],
  ['pair[]', ['{"(1,\\"a b\\")"}']],
  ['very_positive[]', ['{42}']],
  ['xid', ['735']],
  ['pg_lsn', ['16/B374D848']],
];

for (const version of postgresVersions) {
  // Multiranges came with 14; the snapshot has them.
  const hasMultiranges = version >= 14;
  const zoo = wholeZoo.filter(([type]) => hasMultiranges || !type.endsWith('multirange'));
  suite(`PostgreSQL ${version}`, { skip: missingPostgres(version) }, () => {
    let server: PostgresServer;
    let connection: PgConnection;
    const catalog = new TypeCatalog();

    before(async () => {
      // Settings that would change every text, if sessions did not choose theirs.
      server = await startPostgres({
        version,
        settings: {
          timezone: 'America/New_York',
          DateStyle: 'German',
          IntervalStyle: 'iso_8601',
          bytea_output: 'escape',
          extra_float_digits: '0',
        },
      });
      const { host, port, user, password, database } = server;
      connection = await connect({ host, port, user, password, database, settings: sessionSettings });
      await connection.query(preparation);
    });
    after(async () => {
      await connection.close();
      await server[Symbol.asyncDispose]();
    });

    async function columnOids(table: string): Promise<{ oid: number; typeModifier: number }[]> {
      const { rows } = await connection.query(
        `SELECT atttypid, atttypmod FROM pg_attribute WHERE attrelid = $1::regclass AND attnum > 0 ORDER BY attnum`,
        [table],
      );
      const found = rows.map(([oid, typeModifier]) => ({
        oid: Number(oid),
        typeModifier: Number(typeModifier),
      }));
      await catalog.load(
        connection,
        found.map(({ oid }) => oid),
      );
      return found;
    }

    test('[G7] every type has the same JSON from COPY and from replication, under any settings of the server', async () => {
      const rowCount = Math.max(...zoo.map(([, values]) => values.length)) + 1;
      await connection.query(
        `CREATE TABLE zoo (id int PRIMARY KEY, ${zoo.map(([type], index) => `c${index} ${type}`).join(', ')})`,
      );
      const columns = await columnOids('zoo');
      await connection.query('CREATE PUBLICATION zoo FOR TABLE zoo');
      const { host, port, user, password, database } = server;
      await using replication = await connect({
        host,
        port,
        user,
        password,
        database,
        settings: sessionSettings,
        replication: 'database',
      });
      await replication.query('CREATE_REPLICATION_SLOT zoo LOGICAL pgoutput NOEXPORT_SNAPSHOT');
      // The last row is all null.
      for (let row = 0; row < rowCount; row += 1) {
        const values = zoo.map(([type, texts]) => {
          const text = texts[row];
          return text === undefined
            ? 'NULL'
            : `${quoteLiteral(text)}::${type === 'money' ? 'numeric::money' : type}`;
        });
        await connection.query(`INSERT INTO zoo VALUES (${[row, ...values].join(', ')})`);
      }
      const writers = columns.map(({ oid }) => compileValueWriter(catalog.get(oid)));
      const out = new JsonBuffer();
      const toJson = (tuple: TupleView, bytes: Buffer): string[] => {
        assert.equal(tuple.count, columns.length);
        return writers.map((write, column) => {
          if (tuple.kinds[column] === 0x6e) return 'null';
          out.reset();
          write(out, bytes, tuple.starts[column] ?? 0, tuple.ends[column] ?? 0);
          return out.view().toString();
        });
      };

      const replicated: string[][] = [];
      const decoder = new PgOutputDecoder();
      const stream = await replication.startReplication({
        slot: 'zoo',
        lsn: 0n,
        options: pgoutputOptions(['zoo']),
      });
      for await (const batch of stream) {
        for (let index = 0; index < batch.count; index += 1) {
          if (batch.isKeepalive(index)) continue;
          const message = decoder.decode(batch.bytes, batch.payloadStart(index), batch.payloadEnd(index));
          if (message.kind !== 'insert') continue;
          message.readTuples();
          replicated.push(toJson(message.newTuple, message.bytes));
          if (replicated.length === rowCount) stream.stop();
        }
      }

      const copied: string[][] = [];
      const tuple = new TupleView();
      for await (const chunk of connection.copyOut('COPY (SELECT * FROM zoo ORDER BY id) TO STDOUT')) {
        for (let index = 0; index < chunk.count; index += 1) {
          readCopyTextRow(tuple, chunk.bytes, chunk.starts[index] ?? 0, chunk.ends[index] ?? 0);
          copied.push(toJson(tuple, chunk.bytes));
        }
      }

      assert.deepEqual(copied, replicated);
      for (const value of copied.flat()) JSON.parse(value);
      assert.deepEqual(
        copied.at(-1)?.slice(1),
        zoo.map(() => 'null'),
      );
      const lines = zoo.flatMap(([type, values], index) => {
        const column = columns[index + 1];
        const described = columnSchema({
          type: catalog.get(column?.oid ?? 0),
          typeModifier: column?.typeModifier ?? -1,
          nullable: true,
        });
        return [
          `${type}  ${JSON.stringify(described)}`,
          ...values.map((_, row) => `  ${copied[row]?.[index + 1]}`),
        ];
      });
      if (hasMultiranges) matchSnapshot(import.meta.url, `type-zoo`, `${lines.join('\n')}\n`);
    });

    test('packed keys are ordered as the server orders them, and come back as the same values', async () => {
      for (const [type, texts] of zoo) {
        await connection.query(`CREATE TEMP TABLE keys (k ${type})`);
        const [column] = await columnOids('keys');
        const pgType = catalog.get(column?.oid ?? 0);
        if (!isByteOrdered(pgType)) {
          await connection.query('DROP TABLE keys');
          continue;
        }
        const list = texts.map((text) => `(${quoteLiteral(text)}::${type})`).join(', ');
        await connection.query(`INSERT INTO keys VALUES ${list}`);
        const { rows } = await connection.query(
          'SELECT k::text AS shown FROM keys GROUP BY keys.k ORDER BY keys.k',
        );
        const packer = new TuplePacker();
        const packed = rows.map(([text]) => {
          const bytes = Buffer.from(text ?? '');
          packer.reset();
          compileKeyPacker(pgType)(packer, bytes, 0, bytes.length);
          return packer.copy();
        });
        assert.deepEqual(
          packed.toSorted((a, b) => Buffer.compare(a, b)),
          packed,
          `order of ${type}`,
        );
        for (const [index, key] of packed.entries()) {
          const [parameter = null] = keyParameters([pgType], key);
          const found = await connection.query(`SELECT count(*) FROM keys WHERE k < $1::text::${type}`, [
            parameter,
          ]);
          const expected = await connection.query(`SELECT count(*) FROM keys WHERE k < $1::text::${type}`, [
            rows[index]?.[0] ?? null,
          ]);
          assert.deepEqual(found.rows, expected.rows, `${type} ${String(parameter)}`);
          const equal = await connection.query(`SELECT count(*) > 0 FROM keys WHERE k = $1::text::${type}`, [
            parameter,
          ]);
          assert.deepEqual(equal.rows, [['t']], `${type} ${String(parameter)}`);
        }
        await connection.query('DROP TABLE keys');
      }
    });

    test('the catalogue follows domains, arrays and ranges down to their base', async () => {
      const fresh = new TypeCatalog();
      const multiranges = hasMultiranges ? ['floatmultirange'] : [];
      const wanted = ['very_positive[]', 'moods', 'floatrange', ...multiranges, 'int2vector', 'citext'];
      const { rows } = await connection.query(`SELECT t::regtype::oid::text FROM unnest($1::text[]) t`, [
        `{${wanted.join(',')}}`,
      ]);
      const loaded = rows.map(([oid]) => Number(oid));
      await fresh.load(connection, [...loaded, 999_999_999]);
      const path = (oid: number): string => {
        const kinds: string[] = [];
        for (
          let type: ReturnType<TypeCatalog['get']> | undefined = fresh.get(oid);
          type !== undefined;
          type = type.inner
        )
          kinds.push(`${type.kind} ${type.name}`);
        return kinds.join(' of ');
      };
      assert.deepEqual(loaded.map(path), [
        'array _very_positive of domain very_positive of domain positive of base int4',
        'domain moods of array _mood of enum mood',
        'range floatrange of base float8',
        ...multiranges.map((name) => `multirange ${name} of base float8`),
        'base int2vector',
        'base citext',
      ]);
      assert.equal(path(999_999_999), 'unknown oid 999999999');
      await fresh.load({ query: () => assert.fail('nothing is missing') }, loaded);
    });
  });
}
