// Partitions that come or go, with rows of which no change tells: as a root is captured, and as its leaves are.

import { missingPostgres, postgresVersions, startPostgres, type PostgresServer } from '@weir/testing';
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { CaptureHarness, discoverBindings, endpointConfig } from '../test/capture-harness.ts';

/** A root named `t`, and a table that is none of its partitions yet. */
class Names {
  readonly t: string;
  readonly leaf: string;

  constructor(t: string) {
    this.t = t;
    this.leaf = `${t}3`;
  }

  get root() {
    const { t } = this;
    return `CREATE TABLE ${t} (id int PRIMARY KEY, v text) PARTITION BY RANGE (id);
            CREATE TABLE ${t}1 PARTITION OF ${t} FOR VALUES FROM (1) TO (100);
            CREATE TABLE ${t}2 PARTITION OF ${t} FOR VALUES FROM (100) TO (200); INSERT INTO ${t} VALUES (1), (100);`;
  }

  get make() {
    return `CREATE TABLE ${this.leaf} (id int PRIMARY KEY, v text)`;
  }

  get fill() {
    return `INSERT INTO ${this.leaf} VALUES (200, 'before'), (201, 'before')`;
  }

  get attach() {
    return `ALTER TABLE ${this.t} ATTACH PARTITION ${this.leaf} FOR VALUES FROM (200) TO (300)`;
  }
}

/** Ways in which a table with rows becomes a partition. */
const ways: Readonly<Record<string, (names: Names) => readonly string[]>> = {
  in_one: ({ make, fill, attach }) => [`BEGIN; ${make}; ${fill}; ${attach}; COMMIT`],
  by_query: ({ leaf, attach }) => [
    `BEGIN; CREATE TABLE ${leaf} AS SELECT id, 'before' AS v FROM generate_series(200, 201) id;
     ALTER TABLE ${leaf} ALTER id SET NOT NULL, ADD PRIMARY KEY (id); ${attach}; COMMIT`,
  ],
  filled_then: ({ make, fill, attach }) => [make, `BEGIN; ${fill}; ${attach}; COMMIT`],
  one_by_one: ({ make, fill, attach }) => [`BEGIN; ${make}; ${fill}; COMMIT`, attach],
  of_two_levels: ({ t, leaf, fill }) => [
    `BEGIN; CREATE TABLE ${t}_sub (id int PRIMARY KEY, v text) PARTITION BY RANGE (id);
     CREATE TABLE ${leaf} PARTITION OF ${t}_sub FOR VALUES FROM (200) TO (250); ${fill};
     ALTER TABLE ${t} ATTACH PARTITION ${t}_sub FOR VALUES FROM (200) TO (300); COMMIT`,
  ],
};

const { root: ROOT, make: MAKE, fill: FILL, attach: ATTACH } = new Names('t');

/** The server makes the values of all columns but one. */
const GENERATED = `CREATE TABLE t (id int GENERATED ALWAYS AS IDENTITY PRIMARY KEY, twice int GENERATED ALWAYS AS (id * 2) STORED, v text)
                   PARTITION BY RANGE (id)`;
const MAKE_GENERATED =
  'CREATE TABLE t3 (id int PRIMARY KEY, twice int GENERATED ALWAYS AS (id * 2) STORED, v text)';
const FILL_GENERATED = "INSERT INTO t3 (id, v) VALUES (200, 'before'), (201, 'before')";

interface TableState {
  readonly metadata?: { readonly partitions?: string };
}

for (const version of postgresVersions) {
  describe(`partitions on PostgreSQL ${version}`, { skip: missingPostgres(version) }, () => {
    let server: PostgresServer;
    before(async () => (server = await startPostgres({ version })));
    after(async () => server[Symbol.asyncDispose]());
    let count = 0;

    /** A capture of the tables of a new schema, which is on the search path of `sql`. */
    async function captureOf(
      advanced: Record<string, unknown> = {},
      resource: Record<string, unknown> = {},
      sql = ROOT,
    ) {
      const name = `parts_${++count}`;
      await server.query(
        `CREATE SCHEMA ${name}; SET search_path = ${name}; CREATE TABLE look (id int PRIMARY KEY); ${sql}`,
      );
      const config = endpointConfig(server, {
        advanced: { slotName: name, publicationName: name, discover_schemas: [name], ...advanced },
      });
      const capture = new CaptureHarness(config, await discoverBindings(config, { t: resource }));
      capture.start();
      await capture.untilActive();
      return capture;
    }

    const ids = (capture: CaptureHarness, table = 't') =>
      capture
        .rows(table)
        .map(({ id }) => Number(id))
        .toSorted((a, b) => a - b);
    const has = (capture: CaptureHarness, id: number, table = 't') =>
      capture.until(`the row ${id}`, () => ids(capture, table).includes(id));
    const told = (capture: CaptureHarness, eventType: string) =>
      capture.logs.filter(({ fields }) => fields['eventType'] === eventType);
    /** The only warnings of their kind; logs and documents come by two pipes. */
    async function untilTold(capture: CaptureHarness, eventType: string, count = 1) {
      await capture.until('the warnings', () => told(capture, eventType).length >= count);
      const logs = told(capture, eventType);
      assert.equal(logs.length, count);
      return logs;
    }
    /** How many partitions of t the state has: it has looked at them. */
    function knownPartitions(capture: CaptureHarness): number {
      const tables = Object.entries(capture.state['bindingStateV1'] ?? {}) as [string, TableState][];
      const [, root] = tables.find(([key]) => key.endsWith('%2Ft')) ?? [];
      return (root?.metadata?.partitions ?? '').split(',').length;
    }
    let looks = 0;
    /** Has the capture look at its tables again, and waits until it has. */
    async function look(capture: CaptureHarness) {
      looks += 1;
      await server.query(`ALTER TABLE look ADD v${looks} int; INSERT INTO look (id) VALUES (${looks})`);
      await has(capture, looks, 'look');
    }

    test('[G8] the rows of tables that are attached in whatever way are read, while the capture runs', async () => {
      const roots = Object.keys(ways);
      await using capture = await captureOf({}, {}, roots.map((root) => new Names(root).root).join('\n'));
      for (const [root, way] of Object.entries(ways)) {
        for (const sql of way(new Names(root))) await server.query(sql);
        await server.query(`INSERT INTO ${root} VALUES (202, 'after')`);
      }
      await look(capture);
      const all = [1, 100, 200, 201, 202];
      await capture.until('the rows', () => roots.every((root) => ids(capture, root).length === all.length));
      for (const root of roots) assert.deepEqual(ids(capture, root), all, root);
      const logs = await untilTold(capture, 'partitionsAttached', roots.length);
      const warnings = logs.map(({ message }) => message);
      for (const root of roots) {
        const warning = new RegExp(
          `to parts_\\d+\\.${root} as partitions, .*: parts_\\d+\\.${root}3; the table is read again$`,
        );
        assert.equal(warnings.filter((message) => warning.test(message)).length, 1, root);
      }
    });

    test('[G8] the rows of a table that was attached while nothing ran are read at the start, and once', async () => {
      await using capture = await captureOf();
      await capture.kill('SIGTERM');
      await server.query(`BEGIN; ${MAKE}; ${FILL}; ${ATTACH}; COMMIT`);
      capture.start();
      await has(capture, 201);
      await capture.untilActive();
      assert.deepEqual(ids(capture), [1, 100, 200, 201]);
      const before = capture.documents('t').length;
      await capture.kill('SIGTERM');
      await server.query("UPDATE t SET v = 'changed' WHERE id = 201");
      capture.start();
      await capture.until('the change', () => capture.documents('t').length > before);
      assert.equal(capture.documents('t').length, before + 1);
      assert.deepEqual(told(capture, 'partitionsAttached'), []);
    });

    test('[G8] where the root is not to be read, the rows come by the statements that the warnings give', async () => {
      const roots = { plain: [ROOT, MAKE, FILL], generated: [GENERATED, MAKE_GENERATED, FILL_GENERATED] };
      for (const [root = '', make, fill] of Object.values(roots)) {
        await using capture = await captureOf({}, { mode: 'Only Changes' }, root);
        await server.query(`BEGIN; ${make}; ${fill}; ${ATTACH}; COMMIT`);
        await look(capture);
        const [warning] = await untilTold(capture, 'partitionsAttached');
        assert.match(warning?.message ?? '', /with rows that came by no change: parts_\d+\.t3$/);
        // Versions before 15 have to be told that the partition is published before anything of it comes.
        const fixes = [...told(capture, 'partitionsUnpublished'), warning].map((log) =>
          String(log?.fields['fix']),
        );
        for (const fix of fixes) await server.query(/Run: (.*?;) (?:Or|and) /.exec(fix)?.[1] ?? '');
        await has(capture, 201);
        assert.deepEqual(ids(capture), [200, 201]);
      }
    });

    test('[G8] a partition that is made while the capture runs is neither told nor read, whoever writes to it', async () => {
      await using capture = await captureOf();
      const statements = [
        'CREATE TABLE t3 PARTITION OF t FOR VALUES FROM (200) TO (300)',
        'INSERT INTO t VALUES (200)',
        'INSERT INTO t3 VALUES (201)',
        'BEGIN; INSERT INTO t VALUES (202); INSERT INTO t VALUES (203); INSERT INTO t VALUES (204); COMMIT',
        `CREATE TABLE t4 PARTITION OF t FOR VALUES FROM (300) TO (400); INSERT INTO t4 VALUES (300)`,
        'CREATE TABLE t5 (id int PRIMARY KEY, v text)',
        'ALTER TABLE t ATTACH PARTITION t5 FOR VALUES FROM (400) TO (500)',
        'CREATE TABLE t6 (id int PRIMARY KEY, v text) PARTITION BY RANGE (id)',
        'CREATE TABLE t61 PARTITION OF t6 FOR VALUES FROM (500) TO (550)',
        'ALTER TABLE t ATTACH PARTITION t6 FOR VALUES FROM (500) TO (600)',
      ];
      for (const statement of statements) await server.query(statement);
      await look(capture);
      await capture.until('all to be known', () => knownPartitions(capture) === 6);
      // One below a table that was attached before that look, with rows of the transaction that makes it.
      await server.query(
        'CREATE TABLE t62 PARTITION OF t6 FOR VALUES FROM (550) TO (600); INSERT INTO t VALUES (550)',
      );
      await look(capture);
      await capture.until('all to be known', () => knownPartitions(capture) === 7);
      await server.query('INSERT INTO t VALUES (301)');
      await has(capture, 301);
      const all = [1, 100, 200, 201, 202, 203, 204, 300, 550, 301];
      assert.deepEqual(
        capture.documents('t').map(({ document }) => document['id']),
        all,
      );
      assert.deepEqual(told(capture, 'partitionsAttached'), []);
    });

    test('[G8] a partition that was away between two looks is told, and what was written to it is read', async () => {
      await using capture = await captureOf();
      await server.query('ALTER TABLE t DETACH PARTITION t2');
      await server.query('INSERT INTO t2 VALUES (101)');
      await server.query('ALTER TABLE t ATTACH PARTITION t2 FOR VALUES FROM (100) TO (200)');
      await look(capture);
      await has(capture, 101);
      const [attached] = await untilTold(capture, 'partitionsAttached');
      assert.match(
        attached?.message ?? '',
        /with rows that came by no change: parts_\d+\.t2; the table is read again$/,
      );
      const [lost] = await untilTold(capture, 'partitionsLost');
      assert.match(lost?.message ?? '', /was left by partitions, detached or dropped: 1:/);
      await capture.untilActive();
      assert.deepEqual(ids(capture), [1, 100, 101]);
    });

    test('a state of before it had how partitions came to be ones takes them as they are', async () => {
      await using capture = await captureOf();
      await capture.kill('SIGTERM');
      const known = JSON.stringify(capture.state);
      const older = known.replaceAll(/(\d+:\d+):[\d.]+(?=[,"])/g, '$1');
      assert.notEqual(older, known);
      capture.state = JSON.parse(older) as Record<string, unknown>;
      capture.start();
      await server.query('INSERT INTO t VALUES (50)');
      await has(capture, 50);
      await look(capture);
      assert.equal(capture.documents('t').length, 3);
      assert.deepEqual([...told(capture, 'partitionsAttached'), ...told(capture, 'partitionsLost')], []);
    });

    test('of a table that may have had rows before it was attached, it is told how they come', async () => {
      await using capture = await captureOf();
      await server.query(MAKE);
      await server.query(ATTACH);
      await server.query("INSERT INTO t VALUES (202, 'after')");
      await has(capture, 202);
      await look(capture);
      const [warning] = await untilTold(capture, 'partitionsAttached');
      assert.match(
        warning?.message ?? '',
        /parts_\d+\.t3; rows that they held before, if any, are not in its collection$/,
      );
      assert.match(
        String(warning?.fields['fix']),
        /run: UPDATE ONLY "parts_\d+"\."t3" SET "id" = "id"; Or increment /,
      );
    });

    test('a partition that is attached is captured as a table of its own once it is bound', async () => {
      const leaves = { capture_as_partitions: true, discover_unpublished_tables: true };
      await using capture = await captureOf(leaves);
      await server.query(`BEGIN; ${MAKE}; ${FILL}; ${ATTACH}; COMMIT`);
      await server.query("INSERT INTO t VALUES (1 + 1, 'other'), (202, 'after')");
      await has(capture, 2, 't1');
      await capture.kill('SIGTERM');
      capture.bindings = await discoverBindings(capture.config);
      capture.start();
      await capture.until('the rows', () => ids(capture, 't3').length === 3);
      assert.deepEqual(ids(capture, 't3'), [200, 201, 202]);
    });

    test('partitions that go with their rows are told, while the capture runs and at its start', async () => {
      await using capture = await captureOf();
      await server.query('TRUNCATE t2');
      await look(capture);
      assert.match(
        (await untilTold(capture, 'partitionsLost'))[0]?.message ?? '',
        /the table parts_\d+\.t was truncated in part: parts_\d+\.t2:/,
      );
      assert.deepEqual(ids(capture), [1, 100]);
      await capture.kill('SIGTERM');
      await server.query('ALTER TABLE t DETACH PARTITION t1; INSERT INTO t VALUES (103)');
      capture.start();
      await has(capture, 103);
      assert.match(
        (await untilTold(capture, 'partitionsLost'))[0]?.message ?? '',
        /^the table parts_\d+\.t was left by partitions, detached or dropped: 1:[^:]*$/,
      );
    });

    test('partitions that go with their rows have the root read again if the configuration says backfill', async () => {
      await using capture = await captureOf({ on_truncate: 'backfill' });
      await server.query('TRUNCATE t2; INSERT INTO t VALUES (50)');
      await has(capture, 50);
      const readBefore = capture.documents('t').length;
      await look(capture);
      await capture.until('the rows to be read again', () => capture.documents('t').length >= readBefore + 2);
      await capture.untilActive();
      assert.deepEqual(
        capture
          .documents('t')
          .slice(readBefore)
          .map(({ document }) => [document['id'], document._meta.source.snapshot]),
        [
          [1, true],
          [50, true],
        ],
      );
      assert.match(
        (await untilTold(capture, 'partitionsLost'))[0]?.message ?? '',
        /truncated in part: parts_\d+\.t2: .*until that is reset; the table is read again$/,
      );
      await server.query('UPDATE t SET v = 1 WHERE id = 1; INSERT INTO t VALUES (101)');
      await has(capture, 101);
    });

    test('partitions that go with their rows end the capture if the configuration says stop', async () => {
      await using capture = await captureOf({ on_truncate: 'stop' });
      await server.query('TRUNCATE t2; ALTER TABLE look ADD v int; INSERT INTO look VALUES (1)');
      for (let start = 1; start <= 2; start += 1) {
        assert.match(
          await capture.failure(),
          /^SQL_TABLE_TRUNCATED: .*the table parts_\d+\.t was truncated in part: parts_\d+\.t2/,
        );
        capture.start();
      }
    });
  });
}
