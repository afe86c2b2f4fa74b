import assert from 'node:assert/strict';
import { after, before, suite, test } from 'node:test';
import { missingPostgres, type PostgresServer, postgresVersions, startPostgres } from '@weir/testing';
import {
  connect,
  type ConnectOptions,
  formatLsn,
  parseLsn,
  type PgConnection,
  PgConnectionError,
  PgOutputDecoder,
  pgoutputOptions,
  PgServerError,
  type PgServerMessage,
  quoteIdentifier,
  quoteLiteral,
  readCopyTextRow,
  rowObjects,
  tupleKind,
  TupleView,
} from './index.ts';

for (const version of postgresVersions) {
  suite(`PostgreSQL ${version}`, { skip: missingPostgres(version) }, () => {
    let server: PostgresServer;
    let base: ConnectOptions;
    before(async () => {
      server = await startPostgres({ version });
      const { host, port, user, password, database } = server;
      base = { host, port, user, password, database };
    });
    after(async () => {
      await server[Symbol.asyncDispose]();
    });

    async function currentLsn(connection: PgConnection): Promise<bigint> {
      return parseLsn((await connection.query('SELECT pg_current_wal_flush_lsn()')).rows[0]?.[0] ?? '');
    }

    test('several statements give several results, parameters keep their text', async () => {
      await using connection = await connect(base);
      const results = await connection.queryAll(
        `SELECT 1 AS a, NULL AS b; ; CREATE TEMP TABLE t (x int); INSERT INTO t VALUES (1), (2)`,
      );
      assert.deepEqual(
        results.map(({ command, rowCount, rows }) => [command, rowCount, rows]),
        [
          ['SELECT 1', 1, [['1', null]]],
          ['CREATE TABLE', 0, []],
          ['INSERT 0 2', 2, []],
        ],
      );
      const nasty = `it's "\\ é\n`;
      const one = await connection.query(
        'SELECT $1::text AS t, $2::int8 + 1 AS i, $3::bytea AS b, $4::bool AS f, $5::text AS n',
        [nasty, 2n ** 62n, Buffer.from([0, 255]), true, null],
      );
      assert.deepEqual(rowObjects(one), [
        { t: nasty, i: '4611686018427387905', b: '\\x00ff', f: 't', n: null },
      ]);
      assert.deepEqual(
        one.columns.map((column) => column.typeOid),
        [25, 20, 17, 16, 25],
      );
      assert.deepEqual((await connection.query('')).rows, []);
    });

    test('quoting survives both settings of standard_conforming_strings', async () => {
      await using connection = await connect(base);
      const nasty = `it's "\\ \\' é`;
      for (const setting of ['on', 'off']) {
        await connection.query(`SET standard_conforming_strings = ${setting}`);
        const { columns, rows } = await connection.query(
          `SELECT${quoteLiteral(nasty)} AS ${quoteIdentifier(nasty)}`,
        );
        assert.deepEqual([columns[0]?.name, rows[0]?.[0]], [nasty, nasty]);
      }
    });

    test('an error leaves the connection usable and says where it is', async () => {
      await using connection = await connect(base);
      await assert.rejects(connection.query('SELECT 1 FROM nowhere'), (error: unknown) => {
        assert.ok(error instanceof PgServerError);
        assert.deepEqual([error.sqlstate, error.severity, error.position], ['42P01', 'ERROR', 15]);
        return true;
      });
      await assert.rejects(connection.query('SELECT $1::int', ['x']), { sqlstate: '22P02' });
      await connection.query('BEGIN');
      assert.equal(connection.transactionStatus, 'transaction');
      await assert.rejects(connection.query('SELECT 1/0'), { sqlstate: '22012' });
      assert.equal(connection.transactionStatus, 'failed');
      await connection.query('ROLLBACK');
      assert.equal(connection.transactionStatus, 'idle');
      assert.deepEqual(
        await Promise.all([1, 2, 3].map(async (n) => (await connection.query(`SELECT ${n}`)).rows[0]?.[0])),
        ['1', '2', '3'],
      );
    });

    test('notices and changed settings are told, a cancelled query ends with 57014', async () => {
      const notices: PgServerMessage[] = [];
      const statuses: string[] = [];
      await using connection = await connect({
        ...base,
        onNotice: (notice) => notices.push(notice),
        onParameterStatus: (name) => statuses.push(name),
      });
      await connection.query(
        `DO $$ BEGIN RAISE WARNING 'careful' USING HINT = 'slowly'; END $$; SET TimeZone = 'Asia/Tokyo'`,
      );
      assert.deepEqual(
        notices.map(({ severity, message, hint }) => [severity, message, hint]),
        [['WARNING', 'careful', 'slowly']],
      );
      assert.ok(statuses.includes('TimeZone'));
      assert.equal(connection.parameters.get('TimeZone'), 'Asia/Tokyo');
      const sleeping = assert.rejects(connection.query('SELECT pg_sleep(60)'), { sqlstate: '57014' });
      await server.query('SELECT 1');
      for (let isActive = false; !isActive;) {
        const rows = await server.query(
          `SELECT 1 FROM pg_stat_activity WHERE pid = $1 AND wait_event = 'PgSleep'`,
          [connection.processId],
        );
        isActive = rows.length > 0;
      }
      await connection.cancel();
      await sleeping;
      assert.equal((await connection.query('SELECT 1')).rowCount, 1);
    });

    test('a connection the server ends, busy or idle, tells why', async () => {
      const closed = Promise.withResolvers<unknown>();
      const connection = await connect({ ...base, onClose: closed.resolve });
      await server.query('SELECT pg_terminate_backend($1)', [connection.processId]);
      const reason = await closed.promise;
      assert.ok(reason instanceof PgServerError);
      assert.equal(reason.sqlstate, '57P01');
      assert.equal(connection.isClosed, true);
      await assert.rejects(connection.query('SELECT 1'), { sqlstate: '57P01' });
      await connection.close();

      await using other = await connect(base);
      await assert.rejects(other.query('SELECT pg_terminate_backend(pg_backend_pid())'), {
        sqlstate: '57P01',
      });
      const dropped = await connect(base);
      const waiting = assert.rejects(dropped.query('SELECT pg_sleep(60)'), PgConnectionError);
      dropped.destroy();
      await waiting;
    });

    test('rows that COPY took in come out of COPY, whatever is in them', async () => {
      await using connection = await connect(base);
      await connection.query('CREATE TEMP TABLE copied (id int, t text)');
      const writer = await connection.copyIn('COPY copied FROM STDIN');
      for (let batch = 0; batch < 200; batch += 1) {
        const lines = Array.from(
          { length: 500 },
          (_, row) => `${batch * 500 + row}\ttab \\t, new\\nline, back\\\\slash\n`,
        );
        await writer.write(Buffer.from(lines.join('')));
      }
      await writer.write(Buffer.from('100000\t\\N\n'));
      assert.equal(await writer.finish(), 100_001);
      const tuple = new TupleView();
      let rows = 0;
      for await (const chunk of connection.copyOut('COPY (SELECT * FROM copied ORDER BY id) TO STDOUT')) {
        for (let index = 0; index < chunk.count; index += 1) {
          readCopyTextRow(tuple, chunk.bytes, chunk.starts[index] ?? 0, chunk.ends[index] ?? 0);
          const value = (column: number): string | null =>
            tuple.kinds[column] === tupleKind.null
              ? null
              : chunk.bytes.toString('utf8', tuple.starts[column], tuple.ends[column]);
          if (
            Number(value(0)) !== rows ||
            value(1) !== (rows === 100_000 ? null : 'tab \t, new\nline, back\\slash')
          ) {
            assert.fail(`row ${rows} is ${value(0)}, ${value(1)}`);
          }
          rows += 1;
        }
      }
      assert.equal(rows, 100_001);
    });

    test('one row larger than any buffer comes whole', async () => {
      await using connection = await connect(base);
      const lengths: number[] = [];
      const sql = `COPY (SELECT repeat('x', n) FROM unnest(ARRAY[5, 20000000, 7]) n) TO STDOUT`;
      for await (const chunk of connection.copyOut(sql)) {
        for (let index = 0; index < chunk.count; index += 1) {
          const [start, end] = [chunk.starts[index] ?? 0, chunk.ends[index] ?? 0];
          assert.equal(chunk.bytes[start], 0x78);
          assert.equal(chunk.bytes[end - 2], 0x78);
          lengths.push(end - start);
        }
      }
      assert.deepEqual(lengths, [6, 20_000_001, 8]);
    });

    test('a COPY that fails, is left or is aborted leaves the connection usable', async () => {
      await using connection = await connect(base);
      const read = async (sql: string): Promise<number> => {
        let rows = 0;
        for await (const chunk of connection.copyOut(sql)) rows += chunk.count;
        return rows;
      };
      await assert.rejects(read('COPY (SELECT 1/(5000 - n) FROM generate_series(1, 9999) n) TO STDOUT'), {
        sqlstate: '22012',
      });
      await assert.rejects(read('SELECT 1'), { kind: 'protocol' });
      for await (const chunk of connection.copyOut('COPY (SELECT generate_series(1, 100000000)) TO STDOUT')) {
        assert.ok(chunk.count > 0);
        await assert.rejects(connection.query('SELECT 1'), /busy with COPY/);
        break;
      }
      assert.equal(await read('COPY (SELECT 1) TO STDOUT'), 1);

      await connection.query('CREATE TEMP TABLE numbers (n int)');
      await assert.rejects(connection.copyIn('SELECT 1'), { kind: 'protocol' });
      const bad = await connection.copyIn('COPY numbers FROM STDIN');
      await assert.rejects(
        async () => {
          for (;;) await bad.write(Buffer.from('not a number\n'.repeat(1000)));
        },
        { sqlstate: '22P02' },
      );
      const late = await connection.copyIn('COPY numbers FROM STDIN');
      await late.write(Buffer.from('x\n'));
      await assert.rejects(late.finish(), { sqlstate: '22P02' });
      {
        await using aborted = await connection.copyIn('COPY numbers FROM STDIN');
        await aborted.write(Buffer.from('1\n'));
      }
      assert.equal((await connection.query('SELECT * FROM numbers')).rowCount, 0);
    });

    test('a slow reader slows the server down, it does not fill memory', async () => {
      await using connection = await connect(base);
      const rows = connection.copyOut(
        `COPY (SELECT repeat('x', 1000) FROM generate_series(1, 300000)) TO STDOUT`,
      );
      await rows.next();
      const before = process.memoryUsage().arrayBuffers;
      // The server fills what it can, then waits for us.
      for (let isWaiting = false; !isWaiting;) {
        const found = await server.query(
          `SELECT 1 FROM pg_stat_activity WHERE pid = $1 AND wait_event = 'ClientWrite'`,
          [connection.processId],
        );
        isWaiting = found.length > 0;
      }
      assert.ok(process.memoryUsage().arrayBuffers - before < 64 * 1024 * 1024);
      await rows.return();
      assert.equal((await connection.query('SELECT 1')).rowCount, 1);
    });

    test('replication delivers changes of a publication in mixed case, and answers status requests at once', async () => {
      await using connection = await connect(base);
      await connection.query(
        `CREATE TABLE "Täble" (id int PRIMARY KEY, note text); CREATE PUBLICATION "Pub, ""x" FOR TABLE "Täble"`,
      );
      await using replication = await connect({ ...base, replication: 'database' });
      const { rows } = await replication.query(
        'CREATE_REPLICATION_SLOT changes LOGICAL pgoutput NOEXPORT_SNAPSHOT',
      );
      const start = parseLsn(rows[0]?.[1] ?? '');
      assert.equal(formatLsn(start), rows[0]?.[1]);
      await connection.query(`INSERT INTO "Täble" VALUES (1, 'one'), (2, NULL)`);
      await connection.query(
        `BEGIN; UPDATE "Täble" SET id = 3 WHERE id = 1; DELETE FROM "Täble" WHERE id = 2; COMMIT`,
      );
      const end = await currentLsn(connection);

      const stream = await replication.startReplication({
        slot: 'changes',
        lsn: start,
        options: pgoutputOptions(['Pub, "x']),
      });
      await assert.rejects(replication.query('SELECT 1'), /busy with replication/);
      stream.sendStandbyStatus({ write: start, flush: start, apply: start, replyRequested: true });
      const decoder = new PgOutputDecoder();
      const seen: string[] = [];
      for await (const batch of stream) {
        for (let index = 0; index < batch.count; index += 1) {
          if (batch.isKeepalive(index)) {
            if (batch.walEnd(index) >= end) stream.stop();
            else stream.sendStandbyStatus({ write: start, flush: start, apply: start, replyRequested: true });
            continue;
          }
          const message = decoder.decode(batch.bytes, batch.payloadStart(index), batch.payloadEnd(index));
          if ('readTuples' in message) {
            message.readTuples();
            const tuple = message.kind === 'delete' ? message.oldTuple : message.newTuple;
            seen.push(
              `${message.kind} ${message.relation.name} ${message.bytes.toString('utf8', tuple.starts[0], tuple.ends[0])} ${message.oldKind}`,
            );
          } else seen.push(message.kind);
          if (message.kind === 'commit')
            stream.sendStandbyStatus({ write: message.endLsn, flush: message.endLsn, apply: message.endLsn });
        }
      }
      assert.deepEqual(seen, [
        'begin',
        'relation',
        'insert Täble 1 none',
        'insert Täble 2 none',
        'commit',
        'begin',
        'update Täble 3 key',
        'delete Täble 2 key',
        'commit',
      ]);
      const [slot] = await server.query(
        `SELECT confirmed_flush_lsn > $1::pg_lsn AS moved, active FROM pg_replication_slots WHERE slot_name = 'changes'`,
        [formatLsn(start)],
      );
      assert.deepEqual(slot, { moved: 't', active: 'f' });
      assert.equal(
        (await replication.query('DROP_REPLICATION_SLOT changes')).command,
        'DROP_REPLICATION_SLOT',
      );
    });

    test('a slot that is missing or in use is the server’s error, and a stream can be left early', async () => {
      await using first = await connect({ ...base, replication: 'database' });
      await using second = await connect({ ...base, replication: 'database' });
      const start = { slot: 'busy', lsn: 0n, options: pgoutputOptions(['none']) };
      await assert.rejects(first.startReplication(start), { sqlstate: '42704' });
      await first.query('CREATE_REPLICATION_SLOT busy LOGICAL pgoutput NOEXPORT_SNAPSHOT');
      {
        await using _stream = await first.startReplication(start);
        await assert.rejects(second.startReplication(start), { sqlstate: '55006' });
      }
      const stream = await second.startReplication(start);
      for await (const batch of stream) {
        assert.ok(batch.count > 0);
        break;
      }
      assert.equal((await second.query('IDENTIFY_SYSTEM')).rowCount, 1);
      await second.query('DROP_REPLICATION_SLOT busy');
    });
  });
}
