// A disk that is full: of the tables, whether rows go straight into them or are staged. It is a tablespace on a small file
// system, and PostgreSQL's log stays elsewhere.

import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { chmodSync, chownSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { unprivilegedUser } from '@weir/postgres-server';
import {
  checkpointAt,
  type SampleStore,
  skipForMount,
  smallDisk,
  temporaryDirectory,
  transact,
} from '@weir/testing';
import { onEveryServer, Sink, type TableSample } from '../test/sink.ts';

const things: TableSample = {
  table: 't',
  fields: { id: { types: ['integer'] }, v: { types: ['string'], exists: 'MAY' } },
};

/** Twenty megabytes, in which no compression finds anything twice. */
const texts = Array.from({ length: 2000 }, () => randomBytes(7500).toString('base64'));

const manyRows = (exists: boolean): SampleStore[] =>
  texts.map((text, id) => ({ key: [id], values: [text], exists }));

onEveryServer((server) => {
  for (const [lane, exists] of [
    ['rows that are new', false],
    ['rows that are staged', true],
  ] as const) {
    test(`[G2] a disk that is full of ${lane} is told, nothing is kept, and with room again the next session goes on`, async (context) => {
      using folder = temporaryDirectory();
      chmodSync(folder.path, 0o755);
      const mount = join(folder.path, 'disk');
      using disk = smallDisk(mount, 20);
      if (disk === undefined) {
        skipForMount(context, 'a full disk');
        return;
      }
      const path = join(mount, 'tables');
      mkdirSync(path);
      const owner = unprivilegedUser();
      if (owner !== undefined) chownSync(path, owner.uid, owner.gid);
      const space = `small_${exists}`;
      await server().query(`CREATE TABLESPACE ${space} LOCATION '${path}'`);
      {
        await using sink = await Sink.create(server(), {}, `${space}_sink`, `TABLESPACE ${space}`);
        {
          await using session = await sink.start(things);
          await transact(session, 1, [{ key: [-1], values: ['a'] }]);
          await assert.rejects(transact(session, 2, manyRows(exists)), {
            code: 'PG_FULL',
            retry: 'backoff',
            message: /cannot store into "public"\."t"/,
          });
        }
        assert.deepEqual(await sink.query('SELECT id, v FROM t'), [{ id: '-1', v: 'a' }]);
        disk.resize(128);
        await using next = await sink.open();
        assert.deepEqual(next.checkpoint, checkpointAt(1));
        await transact(next, 2, manyRows(exists));
        assert.deepEqual(await sink.query('SELECT count(*) AS n FROM t'), [{ n: '2001' }]);
      }
      await server().query(`DROP TABLESPACE ${space}`);
    });
  }
});
