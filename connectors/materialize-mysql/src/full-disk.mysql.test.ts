// A disk that is full: that of the tables of a database, and that of temporary tables, in which rows are staged.

import assert from 'node:assert/strict';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import {
  checkpointAt,
  missingMysql,
  mysqlFlavours,
  type SampleStore,
  skipForMount,
  smallDisk,
  startMysql,
  temporaryDirectory,
  transact,
} from '@weir/testing';
import { Sink, type TableSample } from '../test/sink.ts';

const things: TableSample = {
  table: 't',
  fields: { id: { types: ['integer'] }, v: { types: ['string'], exists: 'MAY' } },
};

const COUNT = 10_000;

/**
 * Twenty megabytes, in rows that fit into a page. Where a longer text finds no room, MariaDB 10.11 fails in taking its part back
 * and ends itself: a lost connection, as after any other crash of a server.
 */
function manyRows(exists: boolean): SampleStore[] {
  const text = 'x'.repeat(2000);
  return Array.from({ length: COUNT }, (_, id) => ({ key: [id], values: [text], exists }));
}

const full = { code: 'MYSQL_DISK_FULL', retry: 'backoff', message: /storing into t/ } as const;

for (const flavour of mysqlFlavours) {
  describe(flavour, { skip: missingMysql(flavour) }, () => {
    test('[G2] a disk that is full of rows is told, nothing is kept, and with room again the next session goes on', async (context) => {
      await using server = await startMysql({ flavour });
      await using sink = await Sink.create(server);
      using disk = smallDisk(join(server.dataDirectory, sink.database), 8);
      if (disk === undefined) {
        skipForMount(context, 'a full disk');
        return;
      }
      {
        await using session = await sink.start(things);
        await transact(session, 1, [{ key: [-1], values: ['a'] }]);
        await assert.rejects(transact(session, 2, manyRows(false)), full);
      }
      assert.deepEqual(await sink.query('SELECT id, v FROM t'), [{ id: -1, v: 'a' }]);
      disk.resize(256);
      await using next = await sink.open();
      assert.deepEqual(next.checkpoint, checkpointAt(1));
      await transact(next, 2, manyRows(false));
      assert.deepEqual(await sink.query('SELECT count(*) AS n FROM t'), [{ n: COUNT + 1 }]);
    });

    test('[G2] a disk that is full of temporary tables is told, and nothing is kept', async (context) => {
      using folder = temporaryDirectory();
      const path = join(folder.path, 'disk');
      using disk = smallDisk(path, 20);
      if (disk === undefined) {
        skipForMount(context, 'a full disk of temporary tables');
        return;
      }
      const settings: Readonly<Record<string, string>> =
        flavour === 'mysql'
          ? { 'innodb-temp-tablespaces-dir': path }
          : {
              'innodb-temp-data-file-path': `${join(path, 'ibtmp1')}:12M:autoextend`,
              'innodb-data-home-dir': '',
            };
      await using server = await startMysql({ flavour, settings });
      await using sink = await Sink.create(server);
      {
        await using session = await sink.start(things);
        await transact(session, 1, [{ key: [-1], values: ['a'] }]);
        await assert.rejects(transact(session, 2, manyRows(true)), full);
      }
      assert.deepEqual(await sink.query('SELECT id, v FROM t'), [{ id: -1, v: 'a' }]);
      disk.resize(256);
      await using next = await sink.open();
      assert.deepEqual(next.checkpoint, checkpointAt(1));
      await transact(next, 2, manyRows(true));
      assert.deepEqual(await sink.query('SELECT count(*) AS n FROM t'), [{ n: COUNT + 1 }]);
    });
  });
}
