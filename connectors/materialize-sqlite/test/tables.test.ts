import assert from 'node:assert/strict';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { test } from 'node:test';
import type { MaterializationSpec } from '@weir/protocol';
import { temporaryDirectory } from '@weir/testing';
import { apply } from '../src/apply.ts';
import { sampleSpec, type SampleBinding } from './sample-spec.ts';

const things: SampleBinding = {
  table: 'we"ird Täble',
  fields: {
    id: { types: ['integer'] },
    name: { types: ['string'] },
    price: { types: ['string'], format: 'number' },
  },
};

class File implements Disposable {
  readonly #folder = temporaryDirectory();
  readonly path = join(this.#folder.path, 'sink.db');

  async apply(spec: MaterializationSpec, last?: MaterializationSpec): Promise<string> {
    const target = { spec, bindings: [], version: '1', last, lastVersion: '', state: undefined };
    const warnings: string[] = [];
    const { actionDescription } = await apply({ path: this.path, hardDelete: false }, target, (text) =>
      warnings.push(text),
    );
    assert.deepEqual(warnings, []);
    return actionDescription;
  }

  query(sql: string): unknown[] {
    using database = new DatabaseSync(this.path);
    return database
      .prepare(sql)
      .all()
      .map((row) => ({ ...row }));
  }

  exec(sql: string): void {
    using database = new DatabaseSync(this.path);
    database.exec(sql);
  }

  [Symbol.dispose](): void {
    this.#folder[Symbol.dispose]();
  }
}

test('a table is made once; applying again does nothing', async () => {
  using file = new File();
  const spec = sampleSpec(things);
  assert.match(
    await file.apply(spec),
    /^CREATE TABLE "we""ird Täble" \(\n {2}"id" INTEGER NOT NULL,\n {2}"name" TEXT NOT NULL,/,
  );
  assert.equal(await file.apply(spec, spec), '');
});

test('a new field becomes a nullable column, and rows stay', async () => {
  using file = new File();
  const before = sampleSpec(things);
  await file.apply(before);
  file.exec(`INSERT INTO "we""ird Täble" VALUES (1, 'a', 2.5, '{}')`);
  const after = sampleSpec({ ...things, fields: { ...things.fields, added: { types: ['string'] } } });
  assert.equal(await file.apply(after, before), 'ALTER TABLE "we""ird Täble" ADD COLUMN "added" TEXT');
  assert.deepEqual(file.query('SELECT id, name, price, added FROM "we""ird Täble"'), [
    { id: 1, name: 'a', price: 2.5, added: null },
  ]);
});

test('a field that may be missing loses NOT NULL; rows, own columns and indexes stay', async () => {
  using file = new File();
  const before = sampleSpec(things);
  await file.apply(before);
  file.exec(`ALTER TABLE "we""ird Täble" ADD COLUMN mine TEXT DEFAULT 'own'`);
  file.exec(`CREATE INDEX by_name ON "we""ird Täble" (name)`);
  file.exec(`INSERT INTO "we""ird Täble" (id, name, price, flow_document) VALUES (1, 'a', 3, '{}')`);
  const after = sampleSpec({ ...things, fields: { ...things.fields, name: { types: ['string', 'null'] } } });
  assert.equal(await file.apply(after, before), 'drop NOT NULL of "name" in "we""ird Täble"');
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
  assert.equal(await file.apply(after, after), '');
});

test('a table that is made again keeps what users have added, and so does what looks at it', async () => {
  using file = new File();
  const before = sampleSpec(things);
  await file.apply(before);
  file.exec(`
    ALTER TABLE "we""ird Täble" ADD COLUMN twice INTEGER AS (id * 2); -- of the user, also
    ALTER TABLE "we""ird Täble" ADD COLUMN code TEXT COLLATE NOCASE CHECK (length(code) < 4) DEFAULT 'x,)';
    CREATE VIEW seen AS SELECT id, name FROM "we""ird Täble";
    CREATE TABLE log (id INTEGER REFERENCES "we""ird Täble"(id));
    CREATE TRIGGER logged AFTER INSERT ON "we""ird Täble" BEGIN INSERT INTO log VALUES (NEW.id); END;
    CREATE TRIGGER named AFTER UPDATE ON log BEGIN UPDATE "we""ird Täble" SET name = 'logged'; END;
    INSERT INTO "we""ird Täble" (id, name, price, flow_document) VALUES (1, 'a', 3, '{}')`);
  const after = sampleSpec({ ...things, fields: { ...things.fields, name: { types: ['string', 'null'] } } });
  await file.apply(after, before);
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
  assert.equal(await file.apply(after, after), '');
});

test('a field whose type widens is changed in place, with its values', async () => {
  using file = new File();
  const before = sampleSpec({
    table: 't',
    fields: { id: { types: ['integer'] }, n: { types: ['integer'] } },
  });
  await file.apply(before);
  file.exec(`INSERT INTO t VALUES (1, 7, '{}')`);
  const after = sampleSpec({
    table: 't',
    fields: { id: { types: ['integer'] }, n: { types: ['integer', 'string'] } },
  });
  assert.equal(await file.apply(after, before), 'change "n" of "t" to TEXT');
  assert.deepEqual(file.query('SELECT n, typeof(n) AS type FROM t'), [{ n: '7', type: 'text' }]);
});

test('a backfill empties a table that keeps its shape, and replaces one that does not', async () => {
  using file = new File();
  const before = sampleSpec({ table: 't', fields: { id: { types: ['integer'] } } });
  await file.apply(before);
  file.exec(`INSERT INTO t VALUES (1, '{}')`);
  const again = sampleSpec({ table: 't', fields: { id: { types: ['integer'] } }, backfill: 1 });
  assert.equal(await file.apply(again, before), 'DELETE FROM "t"');
  assert.deepEqual(file.query('SELECT * FROM t'), []);
  const rekeyed = sampleSpec({ table: 't', fields: { id: { types: ['string'] } }, backfill: 2 });
  assert.match(
    await file.apply(rekeyed, again),
    /^DROP TABLE "t"\nCREATE TABLE "t" \(\n {2}"id" TEXT NOT NULL/,
  );
});

test('a table that changes to delta updates loses its primary key', async () => {
  using file = new File();
  const before = sampleSpec({ table: 't', fields: { id: { types: ['integer'] } } });
  await file.apply(before);
  const delta = sampleSpec({ table: 't', fields: { id: { types: ['integer'] } }, deltaUpdates: true });
  assert.equal(await file.apply(delta, before), 'drop the primary key of "t"');
  file.exec(`INSERT INTO t VALUES (1, '{}'), (1, '{}')`);
  assert.equal(file.query('SELECT * FROM t').length, 2);
});
