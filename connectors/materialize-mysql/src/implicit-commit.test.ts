import assert from 'node:assert/strict';
import { test } from 'node:test';
import { commitsImplicitly } from './implicit-commit.ts';

test('statements that commit on the side are known, also behind comments and in lower case', () => {
  for (const statement of [
    'TRUNCATE TABLE t',
    'truncate t',
    'ALTER TABLE t ADD COLUMN c int',
    'CREATE TABLE t (a int)',
    'CREATE INDEX i ON t (a)',
    'DROP TABLE t',
    'RENAME TABLE a TO b',
    'LOCK TABLES t WRITE',
    'UNLOCK TABLES',
    'START TRANSACTION',
    'BEGIN',
    'SET autocommit = 1',
    'ANALYZE TABLE t',
    'GRANT SELECT ON t TO u',
    '  /* why */ ALTER TABLE t ADD c int',
    '-- why\nTRUNCATE t',
    '/*!40000 ALTER TABLE t DISABLE KEYS */',
  ]) {
    assert.equal(commitsImplicitly(statement), true, statement);
  }
});

test('rows, temporary tables and settings do not commit', () => {
  for (const statement of [
    'CREATE TEMPORARY TABLE t (a int)',
    'drop temporary table if exists t',
    'INSERT INTO t VALUES (1)',
    "LOAD DATA LOCAL INFILE 'flow' INTO TABLE t",
    'UPDATE t SET a = 1',
    'DELETE FROM t',
    'SHOW WARNINGS',
    'SAVEPOINT s',
    'SET SESSION sql_notes = 0',
    'COMMIT',
  ]) {
    assert.equal(commitsImplicitly(statement), false, statement);
  }
});
