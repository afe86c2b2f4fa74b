import assert from 'node:assert/strict';
import { test } from 'node:test';
import { withoutNotNull, withoutPrimaryKey, withType } from './definition-text.ts';

test('a primary key is left out with its name and what belongs to it, and what else is said stays', () => {
  for (const [sql, left] of [
    ['PRIMARY KEY (id, "b)")', ''],
    ['CONSTRAINT "the key" primary /* , */ key (id) ON CONFLICT REPLACE', ''],
    ['/* the key */ PRIMARY KEY (id) -- of it', ''],
    ['id INTEGER -- number\n PRIMARY KEY CHECK (id > 0)', 'id INTEGER CHECK (id > 0)'],
    ['id INTEGER PRIMARY KEY', 'id INTEGER'],
    [
      '"PRIMARY" INTEGER CONSTRAINT k PRIMARY KEY DESC ON CONFLICT IGNORE AUTOINCREMENT CHECK (id > 0)',
      '"PRIMARY" INTEGER CHECK (id > 0)',
    ],
    [`id TEXT DEFAULT 'PRIMARY KEY' -- PRIMARY KEY`, `id TEXT DEFAULT 'PRIMARY KEY' -- PRIMARY KEY`],
    ['UNIQUE (a)', 'UNIQUE (a)'],
  ] as const) {
    assert.equal(withoutPrimaryKey(sql), left);
  }
});

test('a type and NOT NULL are changed in place', () => {
  assert.equal(withType('n INTEGER PRIMARY KEY', 'TEXT'), 'n TEXT PRIMARY KEY');
  assert.equal(withType('"n" UNSIGNED BIG DECIMAL(10, 2)', 'TEXT'), '"n" TEXT');
  assert.equal(withType('n', 'TEXT'), 'n TEXT');
  assert.equal(withType('n COLLATE NOCASE', 'TEXT'), 'n TEXT COLLATE NOCASE');
  assert.equal(
    withoutNotNull('n TEXT CHECK (n IS NOT NULL) NOT NULL UNIQUE'),
    'n TEXT CHECK (n IS NOT NULL) UNIQUE',
  );
  assert.equal(withoutNotNull('n TEXT CONSTRAINT x NOT NULL ON CONFLICT FAIL DEFAULT 1'), 'n TEXT DEFAULT 1');
});
