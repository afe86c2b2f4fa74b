import { missingPostgres, type PostgresServer, postgresVersions, startPostgres } from '@weir/testing';
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { type PgConnection, readDataRow, tupleKind, TupleView } from './index.ts';

for (const version of postgresVersions) {
  describe(`a streamed query of PostgreSQL ${version}`, { skip: missingPostgres(version) }, () => {
    let server: PostgresServer;
    before(async () => (server = await startPostgres({ version })));
    after(async () => server[Symbol.asyncDispose]());

    async function read(connection: PgConnection, sql: string, parameters: readonly string[] = []) {
      const view = new TupleView();
      const rows: (string | null)[][] = [];
      let columns: readonly string[] = [];
      for await (const chunk of connection.queryStream(sql, parameters)) {
        columns = chunk.columns.map(({ name }) => name);
        for (let row = 0; row < chunk.count; row += 1) {
          readDataRow(view, chunk.bytes, chunk.starts[row] ?? 0, chunk.ends[row] ?? 0);
          const values = Array.from({ length: view.count }, (_, column) =>
            view.kinds[column] === tupleKind.null
              ? null
              : chunk.bytes.toString('utf8', view.starts[column], view.ends[column]),
          );
          rows.push(values);
        }
      }
      return { columns, rows };
    }

    test('gives the rows of a query with parameters, nulls and empty texts apart', async () => {
      await using connection = await server.connect();
      const sql =
        "SELECT n, $2 || n AS t, NULLIF('', CASE n WHEN 2 THEN '' END) AS e FROM generate_series(1, $1::int) n";
      assert.deepEqual(await read(connection, sql, ['2', "it's "]), {
        columns: ['n', 't', 'e'],
        rows: [
          ['1', "it's 1", ''],
          ['2', "it's 2", null],
        ],
      });
    });

    test('tells the columns of an empty result, and nothing of a statement without one', async () => {
      await using connection = await server.connect();
      assert.deepEqual(await read(connection, 'SELECT 1 AS a WHERE false'), { columns: ['a'], rows: [] });
      assert.deepEqual(await read(connection, 'CREATE TEMP TABLE nothing ()'), { columns: [], rows: [] });
    });

    test('that fails before or between rows, or is left, leaves the connection usable', async () => {
      await using connection = await server.connect();
      await assert.rejects(read(connection, 'SELECT nowhere'), { sqlstate: '42703' });
      await assert.rejects(read(connection, 'SELECT 1/(5000 - n) FROM generate_series(1, 9999) n'), {
        sqlstate: '22012',
      });
      for await (const chunk of connection.queryStream('SELECT generate_series(1, 100000000)')) {
        if (chunk.count === 0) continue;
        await assert.rejects(connection.query('SELECT 1'), /busy with a streamed query/);
        break;
      }
      assert.deepEqual((await read(connection, 'SELECT 1')).rows, [['1']]);
    });

    test('is sent only as fast as it is read', async () => {
      await using connection = await server.connect();
      const rows = connection.queryStream("SELECT repeat('x', 1000) FROM generate_series(1, 300000)");
      await rows.next();
      const before = process.memoryUsage().arrayBuffers;
      // The server fills what it can, then waits for us.
      for (let isWaiting = false; !isWaiting;) {
        const found = await server.query(
          "SELECT 1 FROM pg_stat_activity WHERE pid = $1 AND wait_event = 'ClientWrite'",
          [connection.processId],
        );
        isWaiting = found.length > 0;
      }
      assert.ok(process.memoryUsage().arrayBuffers - before < 64 * 1024 * 1024);
      await rows.return();
    });
  });
}
