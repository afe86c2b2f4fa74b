// Which tables became partitions with rows, by what the server keeps of transactions and commands: every string of a case is
// a transaction of its own, as somebody sends it.

import { SqlSession } from '@weir/postgres';
import { missingPostgres, postgresVersions, startPostgres, type PostgresServer } from '@weir/testing';
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { type EarlierRows, findEarlierRows } from './earlier-rows.ts';
import { ageSql, type Partition, readPartitions } from './partition-tree.ts';

const ROOT = 'CREATE TABLE t (id int PRIMARY KEY, v text) PARTITION BY RANGE (id)';
const MAKE = 'CREATE TABLE p (id int PRIMARY KEY, v text)';
const BORN = 'CREATE TABLE p PARTITION OF t FOR VALUES FROM (1) TO (100)';
const ATTACH = 'ALTER TABLE t ATTACH PARTITION p FOR VALUES FROM (1) TO (100)';
const FILL = 'INSERT INTO p VALUES (1), (2)';
const OTHERS = [
  'INSERT INTO t VALUES (11)',
  'INSERT INTO p VALUES (12); INSERT INTO t VALUES (13)',
  'UPDATE t SET v = 1 WHERE id = 13',
  'DELETE FROM t WHERE id = 12',
];
/** Rows with each of the first commands of a transaction. */
const MANY_COMMANDS = `BEGIN; ${Array.from({ length: 30 }, (_, i) => `INSERT INTO t (id) VALUES (${20 + i});`).join(' ')} COMMIT`;
const SUB = 'CREATE TABLE s (id int PRIMARY KEY, v text) PARTITION BY RANGE (id)';
const LEAF = 'CREATE TABLE p PARTITION OF s FOR VALUES FROM (1) TO (100)';
const ATTACH_SUB = 'ALTER TABLE t ATTACH PARTITION s FOR VALUES FROM (1) TO (1000)';
/** All columns have what is written after the table: defaults, a generated value, constraints. */
const RICH_COLUMNS =
  'id int NOT NULL DEFAULT 7 CONSTRAINT a CHECK (id > 0), v int DEFAULT 3 CONSTRAINT b CHECK (v < 10), w int GENERATED ALWAYS AS (4 + 5) STORED';
const RICH_ROOT = `CREATE TABLE t (${RICH_COLUMNS}) PARTITION BY RANGE (id)`;
const RICH = `CREATE TABLE p (${RICH_COLUMNS})`;

type Cases = Readonly<Record<string, readonly string[]>>;

/** Partitions from the beginning, as servers get one a day. */
const born: Cases = {
  'by itself': [ROOT, BORN, ...OTHERS, MANY_COMMANDS],
  'in one transaction with rows': [ROOT, `BEGIN; ${BORN}; ${FILL}; COMMIT`, ...OTHERS, MANY_COMMANDS],
  'after other commands': [
    ROOT,
    `BEGIN; CREATE TABLE other (id int); INSERT INTO other VALUES (1); ${BORN}; INSERT INTO other VALUES (2); ${FILL}; COMMIT`,
    MANY_COMMANDS,
  ],
  'under a savepoint': [ROOT, `BEGIN; SAVEPOINT a; ${BORN}; ${FILL}; RELEASE a; COMMIT`, MANY_COMMANDS],
  'with a default for each column': [RICH_ROOT, BORN, MANY_COMMANDS],
  'with constraints of its own': [
    RICH_ROOT,
    'CREATE TABLE p PARTITION OF t (v NOT NULL DEFAULT 4, CHECK (v < 9)) FOR VALUES FROM (1) TO (100)',
    MANY_COMMANDS,
  ],
  'with an identity': [
    'CREATE TABLE t (id int GENERATED ALWAYS AS IDENTITY PRIMARY KEY, v int DEFAULT 1) PARTITION BY RANGE (id)',
    BORN,
    `BEGIN; ${'INSERT INTO t (v) VALUES (1);'.repeat(20)} COMMIT`,
  ],
  'of a root that is altered': [
    ROOT,
    BORN,
    'ALTER TABLE t ADD w int DEFAULT 5',
    'ALTER TABLE t DROP v',
    MANY_COMMANDS,
    'ALTER TABLE t ADD CHECK (id > 0)',
  ],
  'whose rows others have locked': [
    ROOT,
    `BEGIN; ${BORN}; ${FILL}; COMMIT`,
    'SELECT FROM t FOR UPDATE',
    'CREATE TABLE r (id int REFERENCES t)',
    'INSERT INTO r VALUES (1)',
    MANY_COMMANDS,
  ],
  'of two levels': [
    ROOT,
    'CREATE TABLE s PARTITION OF t FOR VALUES FROM (1) TO (1000) PARTITION BY RANGE (id)',
    LEAF,
    ...OTHERS,
    MANY_COMMANDS,
  ],
};

const some: Cases = {
  'in one transaction': [ROOT, `BEGIN; ${MAKE}; ${FILL}; ${ATTACH}; COMMIT`, MANY_COMMANDS],
  'in one, with defaults': [RICH_ROOT, `BEGIN; ${RICH}; ${FILL}; ${ATTACH}; COMMIT`],
  'in one, without a column of before': [
    ROOT,
    `BEGIN; CREATE TABLE p (id int PRIMARY KEY, w int, v text); ALTER TABLE p DROP w; ${FILL}; ${ATTACH}; COMMIT`,
  ],
  'in one, from a query': [
    ROOT,
    `BEGIN; CREATE TABLE p AS SELECT 1 AS id, 'x' AS v; ALTER TABLE p ALTER id SET NOT NULL, ADD PRIMARY KEY (id); ${ATTACH}; COMMIT`,
  ],
  'filled and attached': [ROOT, MAKE, `BEGIN; ${FILL}; ${ATTACH}; COMMIT`],
  'each by itself': [ROOT, MAKE, FILL, ATTACH, ...OTHERS],
  'attached under a savepoint': [ROOT, `BEGIN; ${MAKE}; ${FILL}; SAVEPOINT a; ${ATTACH}; RELEASE a; COMMIT`],
  'below a table': [ROOT, SUB, LEAF, FILL, ATTACH_SUB],
  'below a table, filled after a savepoint': [
    ROOT,
    `BEGIN; ${SUB}; SAVEPOINT a; ${LEAF}; RELEASE a; ${FILL}; ${ATTACH_SUB}; COMMIT`,
  ],
  'below a table, in one': [ROOT, `BEGIN; ${SUB}; ${LEAF}; ${FILL}; ${ATTACH_SUB}; COMMIT`],
  'away and back': [ROOT, BORN, 'ALTER TABLE t DETACH PARTITION p', FILL, ATTACH],
};

const perhaps: Cases = {
  'written under a savepoint': [ROOT, `BEGIN; ${MAKE}; SAVEPOINT a; ${FILL}; RELEASE a; ${ATTACH}; COMMIT`],
  'created under a savepoint': [ROOT, `BEGIN; SAVEPOINT a; ${MAKE}; ${FILL}; RELEASE a; ${ATTACH}; COMMIT`],
  'below a table, created under a savepoint': [
    ROOT,
    `BEGIN; ${SUB}; SAVEPOINT a; ${LEAF}; ${FILL}; RELEASE a; ${ATTACH_SUB}; COMMIT`,
  ],
  'without rows, by itself': [ROOT, MAKE, ATTACH, ...OTHERS],
  'rows of afterwards, locked': [
    ROOT,
    `BEGIN; ${MAKE}; ${ATTACH}; ${FILL}; COMMIT`,
    'SELECT FROM t FOR KEY SHARE',
  ],
  'an attempt to detach it': [
    ROOT,
    `BEGIN; ${MAKE}; ${ATTACH}; COMMIT`,
    FILL,
    'BEGIN; ALTER TABLE t DETACH PARTITION p; ROLLBACK',
  ],
};

const none: Cases = {
  'without rows, in one transaction': [ROOT, `BEGIN; ${MAKE}; ${ATTACH}; COMMIT`, ...OTHERS],
  'with rows of afterwards': [ROOT, `BEGIN; ${MAKE}; ${ATTACH}; ${FILL}; COMMIT`, ...OTHERS],
  'born below what was attached': [ROOT, SUB, ATTACH_SUB, LEAF, ...OTHERS, MANY_COMMANDS],
  'emptied before': [ROOT, MAKE, FILL, 'DELETE FROM p', ATTACH],
};

for (const version of postgresVersions) {
  describe(`rows of before, on PostgreSQL ${version}`, { skip: missingPostgres(version) }, () => {
    let server: PostgresServer;
    let sql: SqlSession;
    before(async () => {
      server = await startPostgres({ version });
      sql = new SqlSession(() => server.connect());
    });
    after(async () => {
      await sql[Symbol.asyncDispose]();
      await server[Symbol.asyncDispose]();
    });

    let count = 0;
    /** The partition `p` of `t`, in a schema of its own. */
    async function partitionAfter(statements: readonly string[]): Promise<Partition> {
      const schema = `rows_${++count}`;
      await server.query(`CREATE SCHEMA ${schema}; SET search_path = ${schema}`);
      for (const statement of statements) await server.query(statement);
      const [root] = await server.query("SELECT 't'::regclass::oid");
      const oid = root?.['oid'] ?? '';
      const partition = (await readPartitions(sql, [oid])).get(oid)?.find(({ name }) => name === 'p');
      assert.ok(partition !== undefined);
      return partition;
    }

    const expected: readonly (readonly [EarlierRows, Cases])[] = [
      ['some', some],
      ['perhaps', perhaps],
      ['none', none],
    ];

    test('[G8] a table that was born as a partition has none, whoever writes to it in whatever way', async () => {
      for (const [name, statements] of Object.entries(born)) {
        const partition = await partitionAfter(statements);
        assert.deepEqual([name, partition.attachment, partition.isEmpty], [name, undefined, false]);
        assert.deepEqual([name, await findEarlierRows(sql, partition, 60_000)], [name, 'none']);
      }
    });

    for (const [rows, cases] of expected)
      test(`[G8] of a table that was attached, it is told that it had: ${rows}`, async () => {
        for (const [name, statements] of Object.entries(cases)) {
          const partition = await partitionAfter(statements);
          assert.ok(partition.attachment !== undefined, name);
          assert.deepEqual([name, await findEarlierRows(sql, partition, 60_000)], [name, rows]);
        }
      });

    test('what takes too long, or may not be read, is not taken for rows', async () => {
      const partition = await partitionAfter([
        ROOT,
        MAKE,
        FILL,
        ATTACH,
        'CREATE ROLE reader',
        'GRANT SELECT ON t TO reader',
      ]);
      assert.equal(await findEarlierRows(sql, partition, 60_000), 'some');
      assert.equal(await findEarlierRows(sql, partition, 0), 'perhaps');
      await using reader = new SqlSession(() => server.connect());
      await reader.query('cannot change the role', 'SET ROLE reader');
      assert.equal(await findEarlierRows(reader, partition, 60_000), 'perhaps');
      await using slow = new SqlSession(() => server.connect());
      await server.query(`BEGIN; LOCK TABLE ${partition.namespace}.p`);
      assert.equal(await findEarlierRows(slow, partition, 50), 'perhaps');
      await server.query('ROLLBACK');
      const timeout = await slow.row('cannot ask for the timeout', 'SHOW statement_timeout');
      assert.equal(timeout?.['statement_timeout'], '0');
    });

    test('rows of any age are older than what came after them', async () => {
      const [now] = await server.query('SELECT txid_snapshot_xmax(txid_current_snapshot()) AS next');
      const next = Number(now?.['next']);
      // The server counts on from the greatest id to 3.
      const ages = [1, 2 ** 20, 2 ** 31 - 1, 2 ** 31, 2 ** 31 + 5, 2 ** 32 - next];
      const xids = ages.map((age) => (next - age + 2 ** 32) % 2 ** 32);
      const rows = await sql.rows(
        'cannot compare ages',
        `SELECT ${ageSql('x.xid')} AS age FROM unnest($1::text[]) WITH ORDINALITY AS x(xid, i) ORDER BY i`,
        [`{${xids.join(',')}}`],
      );
      assert.deepEqual(
        rows.map(({ age }) => Number(age)),
        ages,
      );
    });
  });
}
