import assert from 'node:assert/strict';
import { test } from 'node:test';
import { tableText } from './table-text.ts';

test('each definition is found by its name, whatever its text holds', () => {
  const sql = `CREATE TABLE "odd (name" ( -- a comment, with (
    "a ""quoted"", name" INTEGER NOT NULL, /* , ) */ b TEXT DEFAULT ')''(,', [c d] AS (max(b, 'x')),
    \`e\`\`f\` ANY CHECK (length(b) IN (1, 2)), Größe TEXT COLLATE NOCASE,
    PRIMARY KEY ("a ""quoted"", name", b)) STRICT, WITHOUT ROWID`;
  const { definitions, options } = tableText(sql);
  assert.deepEqual(
    definitions.map(({ name }) => name),
    ['a "quoted", name', 'b', 'c d', 'e`f', 'Größe', 'PRIMARY'],
  );
  assert.equal(definitions[2]?.sql, `[c d] AS (max(b, 'x'))`);
  assert.equal(definitions[3]?.sql, '`e``f` ANY CHECK (length(b) IN (1, 2))');
  assert.equal(definitions[5]?.sql, 'PRIMARY KEY ("a ""quoted"", name", b)');
  assert.equal(options, ' STRICT, WITHOUT ROWID');
});
