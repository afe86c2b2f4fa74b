import assert from 'node:assert/strict';
import { test } from 'node:test';
import { missingMysql, mysqlFlavours, startMysql } from './index.ts';

const banners = { mysql: /^9\./, mariadb: /^10\.11\..*MariaDB/ } as const;

for (const flavour of mysqlFlavours) {
  test(
    `${flavour} starts, answers, and comes back after kill -9`,
    { skip: missingMysql(flavour) },
    async () => {
      await using server = await startMysql({ flavour });
      const [row] = await server.query(
        'SELECT version() AS version, @@local_infile AS local_files, @@tmpdir AS tmpdir',
      );
      // In a folder that it shared, another MariaDB would delete its temporary tables when it starts.
      assert.equal(row?.['tmpdir'], `${server.dataDirectory}-tmp`);
      assert.match(String(row?.['version']), banners[flavour]);
      assert.equal(row?.['local_files'], 1);
      await server.query('CREATE TABLE kept (id bigint PRIMARY KEY)');
      await server.query('INSERT INTO kept VALUES (?)', [42]);

      await server.kill9();
      await server.start();

      assert.deepEqual(await server.query('SELECT id FROM kept'), [{ id: 42 }]);
    },
  );
}
