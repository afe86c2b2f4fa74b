// Tables on real servers: how they are made, changed and emptied, and what their columns hold.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { loadAll, matchSnapshot, transact } from '@weir/testing';
import { onBothServers, Sink, type TableSample } from '../test/sink.ts';

const everyType: TableSample = {
  table: 'every type',
  fields: {
    id: { types: ['integer'], title: 'The "key\\', description: "it's a key \\" },
    boolean: { types: ['boolean'], exists: 'MAY' },
    integer: { types: ['integer'] },
    huge: { types: ['integer'], exists: 'MAY', maximum: 1e20 },
    number: { types: ['number'], exists: 'MAY' },
    object: { types: ['object'], exists: 'MAY' },
    array: { types: ['array'], exists: 'MAY' },
    multiple: { types: ['integer', 'string'], exists: 'MAY' },
    binary: { types: ['string'], contentEncoding: 'base64', exists: 'MAY' },
    integer_text: { types: ['string'], format: 'integer', exists: 'MAY' },
    number_text: { types: ['string'], format: 'number', exists: 'MAY' },
    text: { types: ['string', 'null'], exists: 'MAY' },
    date: { types: ['string'], format: 'date', exists: 'MAY' },
    date_time: { types: ['string'], format: 'date-time', exists: 'MAY' },
    time: { types: ['string'], format: 'time', exists: 'MAY' },
    uuid: { types: ['string'], format: 'uuid', exists: 'MAY' },
  },
};

const keys: TableSample = {
  table: 'keys',
  keys: ['text', 'bytes', 'day', 'flag', 'huge'],
  fields: {
    text: { types: ['string'] },
    bytes: { types: ['string'], contentEncoding: 'base64' },
    day: { types: ['string'], format: 'date-time' },
    flag: { types: ['boolean'] },
    huge: { types: ['integer'], maximum: 1e20 },
  },
};

onBothServers((server, flavour) => {
  test('tables are made as they are known from Flow, and a second apply finds nothing to do', async () => {
    await using sink = await Sink.create(server());
    const samples = [everyType, keys, { ...keys, table: 'delta', deltaUpdates: true }];
    const done = await sink.apply(...samples);
    matchSnapshot(import.meta.url, `tables-${flavour}`, done);
    assert.equal(await sink.apply(...samples), '');
  });

  test('a number that comes as text may be NaN, which is null, in a new table and in one that took no null', async () => {
    const numbers: TableSample = {
      table: 't',
      fields: { id: { types: ['integer'] }, v: { types: ['number', 'string'], format: 'number' } },
    };
    await using sink = await Sink.create(server());
    await sink.apply(numbers);
    await sink.query('ALTER TABLE t MODIFY v DOUBLE NOT NULL');
    assert.match(await sink.apply(numbers), /^ALTER TABLE t[^;]* v [^;]*NULL/i);
    assert.equal(await sink.apply(numbers), '');
    await using session = await sink.open();
    await transact(session, 1, [
      { key: [1], values: ['NaN'] },
      { key: [2], values: ['12.5'] },
    ]);
    assert.deepEqual(await sink.query('SELECT v FROM t ORDER BY id'), [{ v: null }, { v: 12.5 }]);
  });

  test('a table of somebody else is taken as it is or refused, and never dropped', async () => {
    const things: TableSample = {
      table: 't',
      fields: { id: { types: ['integer'] }, n: { types: ['integer'], exists: 'MAY' } },
    };
    const flag = { advanced: { feature_flags: 'allow_existing_tables_for_new_bindings' } };
    for (const [columns, problem] of [
      ['id varchar(20) PRIMARY KEY', /"id" is varchar, and BIGINT is needed/],
      ['other bigint PRIMARY KEY', /no column "id"/],
      ['id bigint NOT NULL', /primary key is not \(id\)/],
      ['id bigint NOT NULL, n bigint NOT NULL, PRIMARY KEY (id, n)', /primary key is not \(id\)/],
    ] as const) {
      await using sink = await Sink.create(server(), flag);
      await sink.query(`CREATE TABLE t (${columns})`);
      await assert.rejects(sink.validate(things), { code: 'MATERIALIZE_TABLE_UNFIT', message: problem });
    }
    await using sink = await Sink.create(server(), flag);
    await sink.query(
      `CREATE TABLE t (id bigint PRIMARY KEY, n varchar(20)); INSERT INTO t VALUES (1, 'mine')`,
    );
    const [bindings] = await sink.validate(things);
    const n = bindings?.constraints.find(({ field }) => field === 'n');
    assert.equal(n?.constraint.type, 'FIELD_FORBIDDEN');
    await assert.rejects(sink.apply(things), { code: 'MATERIALIZE_TABLE_UNFIT', message: /"n" is varchar/ });
    assert.deepEqual(await sink.query('SELECT * FROM t'), [{ id: 1, n: 'mine' }]);
  });

  test('a table that Flow made needs no change', async () => {
    await using sink = await Sink.create(server());
    const json = flavour === 'mysql' ? 'JSON' : 'LONGTEXT';
    await sink.query(`
      CREATE TABLE flow_checkpoints_v1 (
        materialization VARCHAR(256) NOT NULL, key_begin BIGINT NOT NULL, key_end BIGINT NOT NULL, fence BIGINT NOT NULL,
        checkpoint LONGBLOB NOT NULL, PRIMARY KEY (materialization, key_begin, key_end)
      ) CHARACTER SET=utf8mb4 COLLATE=utf8mb4_bin;
      CREATE TABLE target_table (
        key1 BIGINT NOT NULL, \`key!2\` BOOLEAN NOT NULL, \`Camel_Case\` BIGINT, \`a Time\` DATETIME(6),
        \`array\` ${json}, lower_case BIGINT, \`value\` LONGTEXT, flow_document ${json} NOT NULL,
        PRIMARY KEY (key1, \`key!2\`)
      ) CHARACTER SET=utf8mb4 COLLATE=utf8mb4_bin`);
    const table: TableSample = {
      table: 'target_table',
      keys: ['key1', 'key!2'],
      fields: {
        key1: { types: ['integer'] },
        'key!2': { types: ['boolean'] },
        Camel_Case: { types: ['integer'], exists: 'MAY' },
        'a Time': { types: ['string'], format: 'date-time', exists: 'MAY' },
        array: { types: ['array'], exists: 'MAY' },
        lower_case: { types: ['integer'], exists: 'MAY' },
        value: { types: ['string'], exists: 'MAY' },
      },
    };
    sink.last = sink.spec(table);
    assert.equal(await sink.apply(table), '');
    const [validated] = await sink.validate(table);
    assert.deepEqual(
      validated?.constraints.filter(({ constraint }) => !/REQUIRED|OPTIONAL/.test(constraint.type)),
      [],
    );
    await using session = await sink.open();
    await transact(session, 1, [
      { key: [7, true], values: [1, '2024-01-02T03:04:05Z', Buffer.from('[1]'), 2, 'v'] },
    ]);
    assert.equal((await loadAll(session, [[7, true]])).length, 1);
  });

  test('fields are added nullable, columns lose NOT NULL and keep all else, and types widen with their values', async () => {
    await using sink = await Sink.create(server());
    const before: TableSample = {
      table: 't',
      fields: {
        id: { types: ['integer'] },
        gone: { types: ['string'] },
        small: { types: ['integer'] },
        amount: { types: ['integer'] },
        text: { types: ['integer'] },
        bytes: { types: ['string'], contentEncoding: 'base64' },
        at: { types: ['string'], format: 'date-time' },
        loose: { types: ['boolean'] },
      },
    };
    {
      await using session = await sink.start(before);
      await transact(session, 1, [
        {
          key: [1],
          values: [12, '2024-01-02T03:04:05.5+01:00', 'AAEC', 'kept', true, 2 ** 40, 77],
        },
      ]);
    }
    const after: TableSample = {
      table: 't',
      fields: {
        id: { types: ['integer'] },
        small: { types: ['integer'], exists: 'MAY' },
        amount: { types: ['integer'], maximum: 1e20 },
        text: { types: ['string'] },
        bytes: { types: ['string'] },
        at: { types: ['string'] },
        loose: { types: flavour === 'mysql' ? ['boolean', 'string'] : ['boolean'] },
        added: { types: ['string'] },
      },
    };
    const done = await sink.apply(after);
    matchSnapshot(import.meta.url, `altered-${flavour}`, done);
    assert.equal(await sink.apply(after), '');
    const [row] = await sink.query(
      'SELECT id, gone, small, amount, text, bytes, at, CAST(loose AS CHAR) AS loose, added FROM t',
    );
    assert.deepEqual(row, {
      id: 1,
      gone: 'kept',
      small: 1099511627776,
      amount: '12',
      text: '77',
      bytes: 'AAEC',
      at: '2024-01-02T02:04:05.500000Z',
      loose: flavour === 'mysql' ? 'true' : '1',
      added: null,
    });
  });

  test('a migration that was cut short after any of its statements is finished by the next apply', async () => {
    for (const kept of [1, 2]) {
      await using sink = await Sink.create(server());
      const field = (types: readonly ('integer' | 'string')[]): TableSample => ({
        table: 't',
        fields: { id: { types: ['integer'] }, v: { types } },
      });
      {
        await using session = await sink.start(field(['integer']));
        await transact(session, 1, [{ key: [1], values: [5] }]);
      }
      await sink.query('ALTER TABLE t ADD COLUMN v_flowtmp1 LONGTEXT');
      if (kept === 2) await sink.query(`UPDATE t SET v_flowtmp1 = 'half'`);
      await sink.apply(field(['string']));
      assert.deepEqual(await sink.query('SELECT id, v FROM t'), [{ id: 1, v: '5' }]);
      // Flow's own connector may have dropped the old column already.
      await sink.query('ALTER TABLE t CHANGE COLUMN v v_flowtmp1 LONGTEXT');
      await sink.apply(field(['string']));
      assert.deepEqual(await sink.query('SELECT id, v FROM t'), [{ id: 1, v: '5' }]);
    }
  });

  test('a backfill empties the table where it can stay, and replaces it where it cannot', async () => {
    await using sink = await Sink.create(server());
    const table: TableSample = {
      table: 't',
      fields: { id: { types: ['integer'] }, v: { types: ['integer'] } },
    };
    {
      await using session = await sink.start(table);
      await transact(session, 1, [{ key: [1], values: [1] }]);
    }
    await sink.query('ALTER TABLE t ADD COLUMN note text');
    assert.match(await sink.apply({ ...table, backfill: 1 }), /^TRUNCATE TABLE t;$/);
    assert.deepEqual(await sink.query('SELECT note FROM t'), []);
    const other = { ...table, backfill: 2, fields: { ...table.fields, v: { types: ['boolean'] as const } } };
    assert.match(await sink.apply(other), /^DROP TABLE t;\nCREATE TABLE/);
  });

  test('a backfill keeps the rows, or makes the table anew, where a flag says so', async () => {
    await using sink = await Sink.create(server());
    const table: TableSample = {
      table: 't',
      fields: { id: { types: ['integer'] }, v: { types: ['integer'] } },
    };
    await sink.apply(table);
    await sink.query(`INSERT INTO t VALUES (1, 1, '{}')`);
    const keeping = sink.with({ advanced: { feature_flags: 'retain_existing_data_on_backfill' } });
    assert.equal(await keeping.apply({ ...table, backfill: 1 }), '');
    assert.equal((await sink.query('SELECT * FROM t')).length, 1);
    const rekeyed = { ...table, backfill: 2, keys: ['v'] };
    await assert.rejects(keeping.apply(rekeyed), { code: 'MATERIALIZE_BACKFILL_WOULD_DROP' });
    assert.equal((await sink.query('SELECT * FROM t')).length, 1);
    const dropping = sink.with({ advanced: { feature_flags: 'always_drop_tables_on_backfill' } });
    dropping.last = keeping.last;
    assert.match(await dropping.apply({ ...table, backfill: 2 }), /^DROP TABLE t;\nCREATE TABLE/);
  });

  test('additional SQL may be several statements, and is run once', async () => {
    await using sink = await Sink.create(server());
    const additionalSql = `CREATE INDEX by_v ON t (v(10)); ALTER TABLE t COMMENT = 'mine'`;
    const table: TableSample = {
      table: 't',
      fields: { id: { types: ['integer'] }, v: { types: ['string'] } },
      additionalSql,
    };
    await sink.apply(table);
    assert.equal(await sink.apply(table), '');
    const [found] = await sink.query(
      `SELECT TABLE_COMMENT AS comment FROM information_schema.TABLES WHERE TABLE_SCHEMA = DATABASE() AND TABLE_NAME = 't'`,
    );
    assert.deepEqual(found, { comment: 'mine' });
  });

  test('from standard to delta updates the table loses its key', async () => {
    await using sink = await Sink.create(server());
    const table: TableSample = { table: 't', fields: { id: { types: ['integer'] } } };
    await sink.apply(table);
    assert.match(await sink.apply({ ...table, deltaUpdates: true }), /DROP PRIMARY KEY/);
    await using session = await sink.open();
    await transact(session, 1, [{ key: [1] }, { key: [1] }]);
    assert.deepEqual(await sink.query('SELECT count(*) AS n FROM t'), [{ n: 2 }]);
  });

  test('hostile names, titles and descriptions are names, titles and descriptions', async () => {
    await using sink = await Sink.create(server());
    const names = [
      '`; DROP TABLE t; --',
      "a'b",
      '\\',
      ' lead',
      'trail ',
      'Ünï',
      '😀',
      'select',
      '1',
      '$d',
      'A"B',
    ];
    const table: TableSample = {
      table: 'we`ird "Täble"; --',
      fields: {
        id: { types: ['integer'], title: "\\'; DROP TABLE x; -- \\", description: 'ends in \\' },
        ...Object.fromEntries(
          names.map((name) => [name, { types: ['string'] as const, description: `${name}\\` }]),
        ),
      },
    };
    assert.match(await sink.apply(table), /CREATE TABLE/);
    assert.equal(await sink.apply(table), '');
    await using session = await sink.open();
    const values = names.toSorted((left, right) => (left < right ? -1 : 1));
    await transact(session, 1, [{ key: [1], values, doc: '{}' }]);
    await transact(session, 2, [{ key: [1], values, doc: '{}', exists: true }]);
    const [row] = await sink.query('SELECT * FROM `we``ird "Täble"; --`');
    for (const name of names) assert.equal(row?.[name.replace('😀', '_').replace(/ $/, '_')], name);
  });

  test('long descriptions are cut to what a comment takes', async () => {
    await using sink = await Sink.create(server());
    await sink.apply({
      table: 't',
      collection: 'c'.repeat(3000),
      fields: { id: { types: ['integer'], description: '😀'.repeat(2000) } },
    });
    const [found] = await sink.query(
      `SELECT COLUMN_COMMENT AS comment FROM information_schema.COLUMNS WHERE TABLE_SCHEMA = DATABASE() AND COLUMN_NAME = 'id'`,
    );
    assert.match(String(found?.['comment']), /^….*inferred types: \[integer\]$/su);
  });

  test('names that are one to the server are refused together', async () => {
    await using sink = await Sink.create(server());
    const fields = { id: { types: ['integer'] as const }, '😀': { types: ['string'] as const } };
    await assert.rejects(sink.apply({ table: 't', fields: { ...fields, _: { types: ['string'] } } }), {
      code: 'SQL_COLUMNS_COLLIDE',
    });
    await assert.rejects(sink.apply({ table: 't', fields: { ...fields, ID: { types: ['string'] } } }), {
      code: 'SQL_COLUMNS_COLLIDE',
    });
    for (const table of ['flow_checkpoints_v1', 'flow_temp_load_table_0', 'x'.repeat(65)]) {
      await assert.rejects(sink.validate({ table, fields }), { code: 'MYSQL_TABLE_NAME' });
    }
    await assert.rejects(sink.validate({ table: 'a ', fields }, { table: 'a_', fields }), {
      code: 'MATERIALIZE_RESOURCE_AMBIGUOUS',
    });
  });
});
