import assert from 'node:assert/strict';
import { test } from 'node:test';
import { missingPostgres, postgresVersions, startPostgres } from './index.ts';

for (const version of postgresVersions) {
  test(
    `PostgreSQL ${version} starts, answers, and comes back after kill -9`,
    { skip: missingPostgres(version) },
    async () => {
      await using server = await startPostgres({ version });
      const [row] = await server.query(
        `SELECT current_setting('server_version_num')::integer / 10000 AS major, current_setting('wal_level') AS level`,
      );
      assert.deepEqual(row, { major: String(version), level: 'logical' });
      await server.query('CREATE TABLE kept (id integer PRIMARY KEY)');
      await server.query('INSERT INTO kept VALUES ($1)', [42]);

      await server.kill9();
      await server.start();

      assert.deepEqual(await server.query('SELECT id FROM kept'), [{ id: '42' }]);
    },
  );
}
