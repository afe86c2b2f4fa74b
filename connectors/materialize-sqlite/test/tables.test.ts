import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { InferenceType, MaterializationSpec } from '@weir/protocol';
import { Sink, specOf, type TableSample } from './sink.ts';

const things: TableSample = {
  table: 'we"ird Täble',
  fields: {
    id: { types: ['integer'] },
    name: { types: ['string'] },
    price: { types: ['string'], format: 'number' },
  },
};

/** Without a warning. Returns what was done. */
async function apply(file: Sink, spec: MaterializationSpec): Promise<string> {
  const done = await file.applySpec(spec);
  assert.deepEqual(file.logs, []);
  return done;
}

test('a table is made once; applying again does nothing', async () => {
  using file = Sink.create();
  const spec = specOf(things);
  assert.match(
    await apply(file, spec),
    /^CREATE TABLE "we""ird Täble" \(\n {2}"id" INTEGER NOT NULL,\n {2}"name" TEXT NOT NULL,/,
  );
  assert.equal(await apply(file, spec), '');
});

test('a new field becomes a nullable column, and rows stay', async () => {
  using file = Sink.create();
  const before = specOf(things);
  await apply(file, before);
  file.exec(`INSERT INTO "we""ird Täble" VALUES (1, 'a', 2.5, '{}')`);
  const after = specOf({ ...things, fields: { ...things.fields, added: { types: ['string'] } } });
  assert.equal(await apply(file, after), 'ALTER TABLE "we""ird Täble" ADD COLUMN "added" TEXT');
  assert.deepEqual(file.query('SELECT id, name, price, added FROM "we""ird Täble"'), [
    { id: 1, name: 'a', price: 2.5, added: null },
  ]);
});

test('a field that may be missing loses NOT NULL; rows, own columns and indexes stay', async () => {
  using file = Sink.create();
  const before = specOf(things);
  await apply(file, before);
  file.exec(`ALTER TABLE "we""ird Täble" ADD COLUMN mine TEXT DEFAULT 'own'`);
  file.exec(`CREATE INDEX by_name ON "we""ird Täble" (name)`);
  file.exec(`INSERT INTO "we""ird Täble" (id, name, price, flow_document) VALUES (1, 'a', 3, '{}')`);
  const after = specOf({ ...things, fields: { ...things.fields, name: { types: ['string', 'null'] } } });
  assert.equal(await apply(file, after), 'drop NOT NULL of "name" in "we""ird Täble"');
  file.exec(`INSERT INTO "we""ird Täble" (id, name, price, flow_document) VALUES (2, NULL, 4, '{}')`);
  assert.deepEqual(file.query('SELECT id, name, mine FROM "we""ird Täble" ORDER BY id'), [
    { id: 1, name: 'a', mine: 'own' },
    { id: 2, name: null, mine: 'own' },
  ]);
  assert.deepEqual(file.query(`SELECT name FROM sqlite_schema WHERE type = 'index' AND name = 'by_name'`), [
    { name: 'by_name' },
  ]);
  assert.throws(
    () => file.exec(`INSERT INTO "we""ird Täble" (id, price, flow_document) VALUES (1, 4, '{}')`),
    /UNIQUE/,
  );
  assert.equal(await apply(file, after), '');
});

test('a table that is made again keeps what users have added, and so does what looks at it', async () => {
  using file = Sink.create();
  const before = specOf(things);
  await apply(file, before);
  file.exec(`
    ALTER TABLE "we""ird Täble" ADD COLUMN twice INTEGER AS (id * 2); -- of the user, also
    ALTER TABLE "we""ird Täble" ADD COLUMN code TEXT COLLATE NOCASE CHECK (length(code) < 4) DEFAULT 'x,)';
    CREATE VIEW seen AS SELECT id, name FROM "we""ird Täble";
    CREATE TABLE log (id INTEGER REFERENCES "we""ird Täble"(id));
    CREATE TRIGGER logged AFTER INSERT ON "we""ird Täble" BEGIN INSERT INTO log VALUES (NEW.id); END;
    CREATE TRIGGER named AFTER UPDATE ON log BEGIN UPDATE "we""ird Täble" SET name = 'logged'; END;
    INSERT INTO "we""ird Täble" (id, name, price, flow_document) VALUES (1, 'a', 3, '{}')`);
  const after = specOf({ ...things, fields: { ...things.fields, name: { types: ['string', 'null'] } } });
  await apply(file, after);
  file.exec(`INSERT INTO "we""ird Täble" (id, name, price, flow_document) VALUES (2, NULL, 4, '{}')`);
  assert.deepEqual(file.query(`SELECT id, twice, code FROM "we""ird Täble" WHERE code = 'X,)' ORDER BY id`), [
    { id: 1, twice: 2, code: 'x,)' },
    { id: 2, twice: 4, code: 'x,)' },
  ]);
  assert.throws(() => file.exec(`UPDATE "we""ird Täble" SET code = 'long'`), /CHECK/);
  assert.deepEqual(file.query('SELECT id FROM log'), [{ id: 1 }, { id: 2 }]);
  file.exec('UPDATE log SET id = 1 WHERE id = 2');
  assert.deepEqual(file.query('SELECT id, name FROM seen ORDER BY id'), [
    { id: 1, name: 'logged' },
    { id: 2, name: 'logged' },
  ]);
  assert.equal(await apply(file, after), '');
});

test('a field whose type widens is changed in place, with its values', async () => {
  using file = Sink.create();
  const before = specOf({
    table: 't',
    fields: { id: { types: ['integer'] }, n: { types: ['integer'] } },
  });
  await apply(file, before);
  file.exec(`INSERT INTO t VALUES (1, 7, '{}')`);
  const after = specOf({
    table: 't',
    fields: { id: { types: ['integer'] }, n: { types: ['integer', 'string'] } },
  });
  assert.equal(await apply(file, after), 'change "n" of "t" to TEXT');
  assert.deepEqual(file.query('SELECT n, typeof(n) AS type FROM t'), [{ n: '7', type: 'text' }]);
});

test('a backfill empties a table that keeps its shape, and replaces one that does not', async () => {
  using file = Sink.create();
  const before = specOf({ table: 't', fields: { id: { types: ['integer'] } } });
  await apply(file, before);
  file.exec(`INSERT INTO t VALUES (1, '{}')`);
  const again = specOf({ table: 't', fields: { id: { types: ['integer'] } }, backfill: 1 });
  assert.equal(await apply(file, again), 'DELETE FROM "t"');
  assert.deepEqual(file.query('SELECT * FROM t'), []);
  const rekeyed = specOf({ table: 't', fields: { id: { types: ['string'] } }, backfill: 2 });
  assert.match(await apply(file, rekeyed), /^DROP TABLE "t"\nCREATE TABLE "t" \(\n {2}"id" TEXT NOT NULL/);
});

test('a table that changes to delta updates loses its primary key', async () => {
  using file = Sink.create();
  const before = specOf({ table: 't', fields: { id: { types: ['integer'] } } });
  await apply(file, before);
  const delta = specOf({ table: 't', fields: { id: { types: ['integer'] } }, deltaUpdates: true });
  assert.equal(await apply(file, delta), 'drop the primary key of "t"');
  file.exec(`INSERT INTO t VALUES (1, '{}'), (1, '{}')`);
  assert.equal(file.query('SELECT * FROM t').length, 2);
});

test('a primary key is dropped however it was written, and a table without one has row ids', async () => {
  for (const columns of [
    '(id INTEGER PRIMARY KEY, flow_document TEXT NOT NULL)',
    '(id INTEGER NOT NULL, flow_document TEXT NOT NULL, CONSTRAINT the_key PRIMARY KEY (id)) STRICT',
    '(id INTEGER PRIMARY KEY NOT NULL, flow_document TEXT) WITHOUT ROWID, STRICT',
    '(id INTEGER NOT NULL, flow_document TEXT, PRIMARY KEY (id)) STRICT, WITHOUT ROWID',
  ]) {
    using file = Sink.create();
    await apply(file, specOf({ table: 't', fields: { id: { types: ['integer'] } } }));
    file.exec(`DROP TABLE t; CREATE TABLE t ${columns}; INSERT INTO t VALUES (1, '{}')`);
    const delta = specOf({ table: 't', fields: { id: { types: ['integer'] } }, deltaUpdates: true });
    assert.match(await apply(file, delta), /drop the primary key of "t"$/);
    file.exec(`INSERT INTO t VALUES (1, '{}')`);
    assert.equal(file.query('SELECT * FROM t').length, 2, columns);
    assert.equal(await apply(file, delta), '');
  }
});

test('a column that is changed keeps the constraints that users have given it', async () => {
  using file = Sink.create();
  const sample = (...types: InferenceType[]): TableSample => ({
    table: 't',
    fields: { id: { types: ['integer'] }, n: { types } },
  });
  await apply(file, specOf(sample('integer')));
  file.exec(`
    DROP TABLE t;
    CREATE TABLE t (id INTEGER NOT NULL UNIQUE, n INTEGER NOT NULL PRIMARY KEY CHECK (n <> 5), flow_document TEXT NOT NULL);
    INSERT INTO t VALUES (1, 7, '{}')`);
  await apply(file, specOf(sample('integer', 'string')));
  assert.deepEqual(file.query('SELECT n, typeof(n) AS type FROM t'), [{ n: '7', type: 'text' }]);
  assert.throws(() => file.exec(`INSERT INTO t VALUES (2, '7', '{}')`), /UNIQUE/);
  assert.throws(() => file.exec(`INSERT INTO t VALUES (2, '5', '{}')`), /CHECK/);
});
