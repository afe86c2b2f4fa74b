// Tables on a real server: how they are made and changed, and what of them validation says.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fieldOf, textField, matchSnapshot, type SampleField, transact } from '@weir/testing';
import { onEveryServer, Sink, type TableSample } from '../test/sink.ts';

/** A field of every kind, with the type that upstream's connector gives its column. */
const everyKind: Readonly<Record<string, { readonly field: SampleField; readonly ddl: string }>> = {
  id: { field: { types: ['integer'] }, ddl: 'BIGINT NOT NULL' },
  flag: { field: { types: ['boolean'] }, ddl: 'BOOLEAN NOT NULL' },
  count: { field: { types: ['integer', 'null'] }, ddl: 'BIGINT' },
  huge: { field: fieldOf(['integer'], { maximum: 1e20 }), ddl: 'NUMERIC' },
  ratio: { field: fieldOf(['number']), ddl: 'DOUBLE PRECISION' },
  name: { field: fieldOf(['string']), ddl: 'TEXT' },
  email: { field: textField('email'), ddl: 'TEXT' },
  object: { field: fieldOf(['object']), ddl: 'JSON' },
  list: { field: fieldOf(['array']), ddl: 'JSON' },
  several: { field: fieldOf(['integer', 'string']), ddl: 'JSON' },
  binary: { field: textField('', { contentEncoding: 'base64' }), ddl: 'BYTEA' },
  big: { field: textField('integer'), ddl: 'NUMERIC' },
  amount: { field: textField('number', { types: ['string', 'number', 'null'] }), ddl: 'DECIMAL' },
  day: { field: textField('date'), ddl: 'DATE' },
  instant: { field: textField('date-time'), ddl: 'TIMESTAMPTZ' },
  hour: { field: textField('time'), ddl: 'TIME' },
  span: { field: textField('duration'), ddl: 'INTERVAL' },
  host4: { field: textField('ipv4'), ddl: 'CIDR' },
  host6: { field: textField('ipv6'), ddl: 'CIDR' },
  mac: { field: textField('macaddr'), ddl: 'MACADDR' },
  mac8: { field: textField('macaddr8'), ddl: 'MACADDR8' },
  uuid: { field: textField('uuid'), ddl: 'UUID' },
  data: {
    field: fieldOf(['object'], { contentType: 'application/vnd.estuary.postgresql.jsonb+json' }),
    ddl: 'JSONB',
  },
  colour: {
    field: fieldOf(['string'], { enum: ['red', 'green'] }),
    ddl: 'every_kind_colour_flow_enum',
  },
  user: { field: fieldOf(['string']), ddl: 'TEXT' },
  Größe: { field: fieldOf(['string']), ddl: 'TEXT' },
};

const everyKindTable: TableSample = {
  table: 'every_kind',
  fields: Object.fromEntries(Object.entries(everyKind).map(([name, { field }]) => [name, field])),
};

/** As upstream's connector makes it: bare names where they need no quotes, its own order of statements. */
const madeByUpstream = `
  CREATE TABLE IF NOT EXISTS public.flow_checkpoints_v1 (
    materialization TEXT NOT NULL, key_begin BIGINT NOT NULL, key_end BIGINT NOT NULL,
    fence BIGINT NOT NULL, checkpoint TEXT NOT NULL,
    PRIMARY KEY (materialization, key_begin, key_end));
  CREATE TYPE public.every_kind_colour_flow_enum AS ENUM ('green', 'red');
  CREATE TABLE IF NOT EXISTS public.every_kind (
    ${Object.entries(everyKind)
      .map(([name, { ddl }]) => `"${name}" ${ddl}`)
      .join(', ')},
    flow_document JSON NOT NULL,
    PRIMARY KEY (id));
  COMMENT ON TABLE public.every_kind IS 'Generated for materialization acme/sink of collection acme/things';`;

const things: TableSample = {
  table: 't',
  fields: { id: { types: ['integer'] }, n: { types: ['integer'] } },
};

onEveryServer((server) => {
  const definition = (sink: Sink, table: string) =>
    sink.query(`
      SELECT attname AS column, format_type(atttypid, atttypmod) AS type, attnotnull AS "notNull",
        col_description(attrelid, attnum) AS comment
      FROM pg_attribute WHERE attrelid = '${table}'::regclass AND attnum > 0 AND NOT attisdropped ORDER BY attnum`);

  test('tables of every type are made with their comments, and applying again does nothing', async () => {
    await using sink = await Sink.create(server());
    const spec = sink.spec({ ...everyKindTable, schema: 'own schema' });
    matchSnapshot(import.meta.url, 'create', await sink.apply(spec));
    matchSnapshot(
      import.meta.url,
      'definition',
      JSON.stringify(await definition(sink, '"own schema".every_kind'), undefined, 1),
    );
    assert.equal(await sink.apply(spec), '');
  });

  test('a table that upstream made is taken over with nothing to do, and goes on from its checkpoint', async () => {
    for (const config of [{}, { schema: 'public' }]) {
      await using sink = await Sink.create(server(), config);
      await sink.query(madeByUpstream);
      await sink.query(`INSERT INTO flow_checkpoints_v1 VALUES ('acme/sink', 0, 4294967295, 6, '+P///w8B')`);
      const spec = sink.spec(everyKindTable);
      sink.last = spec;
      assert.equal(await sink.apply(spec), '');
      const [validated] = await sink.validate(spec);
      const types = new Set(validated?.constraints.map(({ constraint }) => constraint.type));
      assert.deepEqual([...types].sort(), ['FIELD_OPTIONAL', 'FIELD_REQUIRED']);
      await using session = await sink.open();
      await transact(session, 1, []);
      assert.deepEqual(await sink.query('SELECT fence FROM flow_checkpoints_v1'), [{ fence: '7' }]);
    }
  });

  test('constraints of a new binding and of one whose table is there', async () => {
    await using sink = await Sink.create(server());
    const spec = sink.spec(everyKindTable);
    const shown = async () =>
      (await sink.validate(spec)).flatMap(({ constraints }) =>
        constraints.map(({ field, constraint }) => `${field}: ${constraint.type} – ${constraint.reason}`),
      );
    const fresh = await shown();
    await sink.apply(spec);
    matchSnapshot(
      import.meta.url,
      'constraints',
      ['new:', ...fresh, '', 'existing:', ...(await shown())].join('\n'),
    );
    const changed = sink.spec({
      ...everyKindTable,
      fields: {
        ...everyKindTable.fields,
        ratio: { types: ['integer'] },
        flag: { types: ['integer'] },
        name: { types: ['boolean'] },
        count: { types: ['string'] },
        id: { types: ['string'] },
      },
    });
    const [validated] = await sink.validate(changed);
    const incompatible = validated?.constraints.filter(
      ({ constraint }) => constraint.type === 'INCOMPATIBLE',
    );
    assert.deepEqual(
      incompatible?.map(({ field, constraint }) => `${field}: ${constraint.reason}`),
      [
        `flag: The field "flag" is already materialized as 'BOOLEAN', and its schema {"type":["integer"]} needs 'BIGINT'`,
        `id: The field "id" is already materialized as 'BIGINT', and its schema {"type":["string"]} needs 'TEXT'`,
        `name: The field "name" is already materialized as 'TEXT', and its schema {"type":["boolean"]} needs 'BOOLEAN'`,
        `ratio: The field "ratio" is already materialized as 'DOUBLE PRECISION', and its schema {"type":["integer"]} needs 'BIGINT'`,
      ],
    );
  });

  test('a new binding over a table that is there is refused unless the flag allows it', async () => {
    await using sink = await Sink.create(server());
    await sink.query('CREATE TABLE t (id bigint NOT NULL, n bigint, flow_document json NOT NULL)');
    const spec = sink.spec(things);
    await assert.rejects(sink.validate(spec), { code: 'MATERIALIZE_TABLE_EXISTS' });
    const allowed = sink.with({ advanced: { feature_flags: 'allow_existing_tables_for_new_bindings' } });
    await allowed.validate(spec);
    await allowed.apply(spec);
    await using session = await allowed.open();
    assert.equal(session.disableLoadOptimization, true);
    // The table has no unique key to lead to a row.
    await transact(session, 1, [{ key: [1], values: [1] }]);
    await transact(session, 2, [
      { key: [1], values: [2], exists: true },
      { key: [2], values: [2] },
    ]);
    assert.deepEqual(await sink.query('SELECT id, n FROM t ORDER BY id'), [
      { id: '1', n: '2' },
      { id: '2', n: '2' },
    ]);
  });

  test('a table of somebody else whose columns do not fit is refused, and never dropped', async () => {
    await using sink = await Sink.create(server(), {
      advanced: { feature_flags: 'allow_existing_tables_for_new_bindings' },
    });
    await sink.query(`CREATE TABLE t (id text PRIMARY KEY, n text); INSERT INTO t VALUES ('mine', 'x')`);
    const spec = sink.spec(things);
    const unfit = {
      code: 'MATERIALIZE_TABLE_UNFIT',
      message: /"id" is text, and BIGINT is needed/,
      retry: 'never',
    };
    await assert.rejects(sink.validate(spec), unfit);
    await assert.rejects(sink.apply(spec), unfit);
    assert.deepEqual(await sink.query('SELECT * FROM t'), [{ id: 'mine', n: 'x' }]);
  });

  test('new fields become nullable columns, fields that may be missing lose NOT NULL, own columns stay', async () => {
    await using sink = await Sink.create(server());
    await using session = await sink.start(things);
    await transact(session, 1, [{ key: [1], values: [1] }]);
    await sink.query(`
      ALTER TABLE t ADD COLUMN mine text DEFAULT 'own', ADD COLUMN twice bigint GENERATED ALWAYS AS (n * 2) STORED`);
    const changed: TableSample = {
      table: 't',
      fields: {
        id: { types: ['integer'] },
        n: { types: ['integer', 'null'] },
        added: { types: ['string'] },
      },
    };
    assert.equal(
      await sink.apply(sink.spec(changed)),
      `ALTER TABLE "public"."t"
  ADD COLUMN "added" TEXT,
  ALTER COLUMN "n" DROP NOT NULL;
COMMENT ON COLUMN "public"."t"."added" IS 'auto-generated projection of JSON at: /added with inferred types: [string]';`,
    );
    assert.equal(await sink.apply(sink.spec(changed)), '');
    await using next = await sink.open();
    await transact(next, 2, [
      { key: [1], values: ['x', null], exists: true },
      { key: [2], values: ['y', 21] },
    ]);
    assert.deepEqual(await sink.query('SELECT id, n, added, mine, twice FROM t ORDER BY id'), [
      { id: '1', n: null, added: 'x', mine: 'own', twice: null },
      { id: '2', n: '21', added: 'y', mine: 'own', twice: '42' },
    ]);
  });

  test('a field that is no longer selected keeps its column, which becomes nullable', async () => {
    await using sink = await Sink.create(server());
    await sink.apply(sink.spec(things));
    assert.equal(
      await sink.apply(sink.spec({ ...things, selected: ['id'] })),
      'ALTER TABLE "public"."t"\n  ALTER COLUMN "n" DROP NOT NULL;',
    );
    await sink.query('ALTER TABLE t ADD COLUMN d int NOT NULL DEFAULT 1');
    assert.match(await sink.apply(sink.spec({ ...things, selected: ['id'] })), /"d" DROP NOT NULL/);
  });

  test('an enum that gains a value gets it, and nothing else has to change for that', async () => {
    await using sink = await Sink.create(server());
    const colours = (...values: readonly string[]): TableSample => ({
      table: 'c',
      fields: { id: { types: ['integer'] }, colour: { types: ['string'], enum: values } },
    });
    await sink.apply(sink.spec(colours('red', `it's`)));
    const grown = sink.spec(colours('red', `it's`, 'blue', 'b\\x'));
    assert.equal(
      await sink.apply(grown),
      String.raw`ALTER TYPE "public"."c_colour_flow_enum" ADD VALUE IF NOT EXISTS E'b\\x';` +
        '\nALTER TYPE "public"."c_colour_flow_enum" ADD VALUE IF NOT EXISTS \'blue\';',
    );
    assert.equal(await sink.apply(grown), '');
    await using session = await sink.open();
    await transact(session, 1, [
      { key: [1], values: ['blue'] },
      { key: [2], values: ['b\\x'] },
    ]);
    await assert.rejects(transact(session, 2, [{ key: [3], values: ['green'] }]), {
      code: 'PG_VALUE_REFUSED',
    });
  });

  test('a backfill truncates; makes the table anew where its key has changed; keeps rows where the flag says so', async () => {
    await using sink = await Sink.create(server());
    await using session = await sink.start(things);
    await transact(session, 1, [{ key: [1], values: [1] }]);
    assert.equal(await sink.apply(sink.spec({ ...things, backfill: 1 })), 'TRUNCATE TABLE "public"."t";');
    const rekeyed: TableSample = {
      ...things,
      backfill: 2,
      fields: { id: { types: ['string'] }, n: { types: ['integer'] } },
    };
    assert.match(await sink.apply(sink.spec(rekeyed)), /^DROP TABLE "public"."t";\nCREATE TABLE/);
    const keeping = sink.with({ advanced: { feature_flags: 'retain_existing_data_on_backfill' } });
    await sink.query(`INSERT INTO t VALUES ('a', 1, '{}')`);
    assert.equal(await keeping.apply(sink.spec({ ...rekeyed, backfill: 3 })), '');
    assert.equal((await sink.query('SELECT * FROM t')).length, 1);
    await assert.rejects(keeping.apply(sink.spec({ ...things, backfill: 4 })), {
      code: 'MATERIALIZE_BACKFILL_WOULD_DROP',
    });
    const dropping = sink.with({ advanced: { feature_flags: 'always_drop_tables_on_backfill' } });
    dropping.last = keeping.last;
    assert.match(await dropping.apply(sink.spec({ ...rekeyed, backfill: 4 })), /^DROP TABLE/);
  });

  test('a table that changes to delta updates loses its primary key', async () => {
    await using sink = await Sink.create(server());
    await sink.apply(sink.spec(things));
    assert.equal(
      await sink.apply(sink.spec({ ...things, deltaUpdates: true })),
      'ALTER TABLE "public"."t"\n  DROP CONSTRAINT "t_pkey";',
    );
    await using session = await sink.open();
    await transact(session, 1, [
      { key: [1], values: [1] },
      { key: [1], values: [2] },
    ]);
  });

  test('the SQL of the user runs with the table, and is undone with it when it fails', async () => {
    await using sink = await Sink.create(server());
    const additionalSql = 'CREATE INDEX by_n ON t (n); CREATE INDEX by_none ON t (none)';
    await assert.rejects(sink.apply(sink.spec({ ...things, additionalSql })), {
      code: 'PG_ADDITIONAL_SQL',
    });
    assert.deepEqual(
      await sink.query(`SELECT 1 FROM pg_class WHERE relname IN ('t', 'flow_checkpoints_v1')`),
      [],
    );
    for (const ends of ['COMMIT', 'ROLLBACK AND CHAIN'])
      await assert.rejects(sink.apply(sink.spec({ ...things, table: `u_${ends}`, additionalSql: ends })), {
        code: 'PG_ADDITIONAL_SQL',
        message: /ended the transaction/,
      });
    const right = 'CREATE INDEX by_n ON t (n); COMMENT ON INDEX by_n IS $$;$$';
    await sink.apply(sink.spec({ ...things, additionalSql: right }));
    assert.equal(await sink.apply(sink.spec({ ...things, additionalSql: right })), '');
    assert.equal((await sink.query(`SELECT 1 FROM pg_class WHERE relname = 'by_n'`)).length, 1);
  });
});
