// What can go wrong with real servers, and what a user is told of it.

import assert from 'node:assert/strict';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { type AddressInfo, connect, createServer } from 'node:net';
import { join } from 'node:path';
import { test } from 'node:test';
import { WeirError } from '@weir/protocol';
import {
  CertificateAuthority,
  checkpointAt,
  commitAt,
  countedIn,
  eventsTable,
  foldOf,
  ledgerTable,
  loadAll,
  storeAll,
  takeTransaction,
  transact,
  until,
} from '@weir/testing';
import { onBothServers, Sink, type TableSample } from '../test/sink.ts';

const things: TableSample = {
  table: 't',
  fields: { id: { types: ['integer'] }, v: { types: ['string'], exists: 'MAY' } },
};

onBothServers((server, flavour) => {
  const countOf = async (sink: Sink) => (await sink.query('SELECT count(*) AS n FROM t'))[0]?.['n'];

  test('a wrong address, user, password or database is named', async () => {
    await using sink = await Sink.create(server());
    const cases = [
      [{ password: 'wrong' }, 'MYSQL_AUTH_FAILED'],
      [{ user: 'nobody' }, 'MYSQL_AUTH_FAILED'],
      [{ database: 'nowhere' }, 'MYSQL_DATABASE_NOT_FOUND'],
      [{ address: '127.0.0.1:1' }, 'MYSQL_UNREACHABLE'],
      [{ address: 'no-such-host.invalid' }, 'MYSQL_UNREACHABLE'],
    ] as const;
    for (const [config, code] of cases) {
      await assert.rejects(sink.with(config).validate(things), { code }, JSON.stringify(config));
    }
  });

  test('the connection is encrypted as the configuration demands', async () => {
    await using sink = await Sink.create(server());
    const validate = (advanced: object) => sink.with({ advanced }).validate(things);
    await validate({ sslmode: 'disabled' });
    await validate({ sslmode: 'preferred' });
    const other = new CertificateAuthority('another authority').certificate;
    const stranger = { sslmode: 'verify_ca', ssl_server_ca: other };
    await assert.rejects(validate(stranger), { code: 'MYSQL_TLS_FAILED' });
    if (flavour === 'mariadb') {
      // This one has no certificate.
      await assert.rejects(validate({ sslmode: 'required' }), { code: 'MYSQL_TLS_FAILED' });
      return;
    }
    const ssl_server_ca = readFileSync(join(server().dataDirectory, 'ca.pem'), 'utf8');
    await validate({ sslmode: 'required' });
    await validate({ sslmode: 'verify_ca', ssl_server_ca });
    // A number is no name, and the certificate that the server makes for itself has that of no host.
    await assert.rejects(validate({ sslmode: 'verify_identity', ssl_server_ca }), {
      code: 'MYSQL_TLS_FAILED',
    });
  });

  test('a server without local_infile is told at validation, and at the first row', async () => {
    await using sink = await Sink.create(server());
    await using session = await sink.start(things);
    await sink.query('SET GLOBAL local_infile = OFF');
    try {
      await assert.rejects(sink.validate({ ...things, table: 'new' }), (error: unknown) => {
        assert.ok(error instanceof WeirError);
        assert.match(error.message, /local_infile/);
        return error.code === 'CONNECTOR_PREREQUISITES';
      });
      await assert.rejects(transact(session, 1, [{ key: [1], values: ['a'] }]), {
        code: 'MYSQL_LOCAL_INFILE',
      });
    } finally {
      await sink.query('SET GLOBAL local_infile = ON');
    }
  });

  test('the zone of the server is taken where the task has none, and SYSTEM is no zone', async () => {
    await using sink = await Sink.create(server());
    await sink.query(`SET GLOBAL time_zone = 'SYSTEM'`);
    try {
      await assert.rejects(sink.apply(things), { code: 'MYSQL_TIME_ZONE' });
      await sink.with({ timezone: '-03:30' }).apply(things);
    } finally {
      await sink.query(`SET GLOBAL time_zone = '+00:00'`);
    }
    await sink.apply(things);
  });

  test('a row that another session locks makes the task wait, and then start again', async () => {
    await using sink = await Sink.create(server());
    await using session = await sink.start(things);
    await transact(session, 1, [{ key: [1], values: ['a'] }]);
    await sink.query('SET GLOBAL innodb_lock_wait_timeout = 1');
    const other = await server().connect(sink.database);
    try {
      await using hasty = await sink.open();
      await other.query(`START TRANSACTION; UPDATE t SET v = 'locked' WHERE id = 1`);
      const stores = [
        { key: [2], values: ['b'] },
        { key: [1], values: ['c'], exists: true },
      ];
      await assert.rejects(transact(hasty, 2, stores), { code: 'MYSQL_LOCKED', retry: 'backoff' });
    } finally {
      await other.query('ROLLBACK');
      other.destroy();
      await sink.query('SET GLOBAL innodb_lock_wait_timeout = 50');
    }
    await using next = await sink.open();
    assert.deepEqual(next.checkpoint, checkpointAt(1));
    assert.deepEqual(await sink.query('SELECT id, v FROM t'), [{ id: 1, v: 'a' }]);
  });

  test('the one of two sessions that the server takes out of a deadlock starts again, and keeps nothing', async () => {
    await using sink = await Sink.create(server());
    await using session = await sink.start(things);
    await transact(session, 1, [
      { key: [1], values: ['a'] },
      { key: [2], values: ['a'] },
    ]);
    const other = await server().connect(sink.database);
    // The heavier transaction survives.
    await other.query('CREATE TABLE heavy (id bigint PRIMARY KEY)');
    const values = Array.from({ length: 500 }, (_, id) => `(${id})`).join(',');
    await other.query(
      `START TRANSACTION; INSERT INTO heavy VALUES ${values}; UPDATE t SET v = 'x' WHERE id = 2`,
    );
    const stored = storeAll(session, [
      { key: [1], values: ['b'], exists: true },
      { key: [2], values: ['b'], exists: true },
    ]);
    const refused = assert.rejects(stored, { code: 'MYSQL_LOCKED' });
    // INNODB_TRX would not do: to one who asks more often than every 100 ms it gives the same answer again and again.
    const lockWaits = `SHOW GLOBAL STATUS LIKE 'Innodb_row_lock_current_waits'`;
    const isWaiting = async () => Number((await sink.query(lockWaits))[0]?.['Value']) > 0;
    await until('the wait for a lock', isWaiting, { timeoutMs: 40_000, everyMs: 10 });
    await other.query(`UPDATE t SET v = 'x' WHERE id = 1`);
    await refused;
    await other.query('COMMIT');
    other.destroy();
    assert.deepEqual(await sink.query('SELECT id, v FROM t ORDER BY id'), [
      { id: 1, v: 'x' },
      { id: 2, v: 'x' },
    ]);
  });

  test('a table, a column or an engine that is not as it was made is named when a session opens', async () => {
    await using sink = await Sink.create(server());
    await sink.apply(things);
    await sink.query('ALTER TABLE t ENGINE = MyISAM');
    await assert.rejects(sink.open(), { code: 'MYSQL_TABLE_ENGINE' });
    await sink.query('ALTER TABLE t ENGINE = InnoDB; ALTER TABLE t DROP COLUMN v');
    await assert.rejects(sink.open(), { code: 'MYSQL_COLUMN_MISSING' });
    await sink.query('ALTER TABLE t ADD COLUMN v bigint AS (id + 1)');
    await assert.rejects(sink.open(), { code: 'MYSQL_COLUMN_GENERATED' });
    await sink.query('DROP TABLE t');
    await assert.rejects(sink.open(), { code: 'MYSQL_TABLE_MISSING' });
  });

  test('a table that is dropped under a session is named by the next transaction', async () => {
    await using sink = await Sink.create(server());
    await using session = await sink.start(things);
    await sink.query('DROP TABLE t');
    await assert.rejects(transact(session, 1, [{ key: [1], values: ['a'] }]), {
      code: 'MYSQL_TABLE_MISSING',
    });
    // Neither the next start nor a doctor makes it again, without its rows.
    await assert.rejects(sink.apply(things), { code: 'MATERIALIZE_TABLE_MISSING', retry: 'never' });
    await assert.rejects(sink.validate(things), { code: 'MATERIALIZE_TABLE_MISSING' });
    assert.match(await sink.apply({ ...things, backfill: 1 }), /^CREATE TABLE/);
  });

  test('a user who may only read, and a server that may only be read, are told apart', async () => {
    await using sink = await Sink.create(server());
    await sink.apply(things);
    const account = `reader_${sink.database}`;
    await sink.query(
      `CREATE USER ${account}@'%' IDENTIFIED BY 'Secret-1'; GRANT SELECT ON ${sink.database}.* TO ${account}@'%'`,
    );
    const reader = sink.with({ user: account, password: 'Secret-1' });
    await assert.rejects(reader.open(), { code: 'MYSQL_DENIED' });
    await sink.query(
      `GRANT SELECT, INSERT, UPDATE, DELETE, CREATE, ALTER, DROP, INDEX, CREATE TEMPORARY TABLES ON ${sink.database}.* TO ${account}@'%'`,
    );
    {
      await using session = await reader.open();
      await transact(session, 1, [{ key: [1], values: ['a'] }]);
    }
    await sink.query('SET GLOBAL read_only = ON');
    try {
      await assert.rejects(reader.open(), { code: 'MYSQL_READ_ONLY' });
    } finally {
      await sink.query('SET GLOBAL read_only = OFF');
    }
    await sink.query(`DROP USER ${account}@'%'`);
  });

  test('a document larger than the server takes in one packet is refused by name, or kept as it is', async () => {
    await using sink = await Sink.create(server());
    const [row] = await sink.query('SELECT @@GLOBAL.max_allowed_packet AS bytes');
    await sink.query('SET GLOBAL max_allowed_packet = 1048576');
    try {
      await using session = await sink.start(things);
      const stores = [{ key: [1], values: [null], doc: JSON.stringify({ text: 'x'.repeat(3 << 20) }) }];
      const stored = transact(session, 1, stores);
      if (flavour === 'mysql') await assert.rejects(stored, { code: 'MYSQL_PACKET_TOO_LARGE' });
      else {
        // MariaDB takes such a document, and gives it back.
        await stored;
        assert.deepEqual(await loadAll(session, [[1]]), [stores[0]?.doc]);
      }
    } finally {
      await sink.query(`SET GLOBAL max_allowed_packet = ${String(row?.['bytes'])}`);
    }
  });

  test('[G2] after kill -9 of the server the session goes on from what was committed', async () => {
    await using sink = await Sink.create(server());
    await using session = await sink.start(things);
    await transact(session, 1, [{ key: [1], values: ['a'] }]);
    await storeAll(session, [{ key: [2], values: ['open'] }]);
    await server().kill9();
    await assert.rejects(commitAt(session, 2), { code: 'MYSQL_CONNECTION_LOST', retry: 'backoff' });
    await server().start();
    await using next = await sink.open();
    assert.deepEqual(next.checkpoint, checkpointAt(1));
    assert.equal(await countOf(sink), 1);
  });

  test('[G2] a server that restarts within a transaction ends the session, and the next one does it again', async () => {
    await using sink = await Sink.create(server(), { hardDelete: true });
    {
      await using session = await sink.start(ledgerTable, eventsTable);
      await takeTransaction(session, 0);
      await storeAll(session, [
        { key: [7], values: [7], doc: '{"id":7,"count":7}' },
        { key: [0], values: [70], doc: '{"id":0,"count":70}', exists: true },
      ]);
      await server().stop();
      await server().start();
      await assert.rejects(commitAt(session, 2), { code: 'MYSQL_CONNECTION_LOST', retry: 'backoff' });
    }
    await using next = await sink.open();
    assert.deepEqual(next.checkpoint, checkpointAt(1));
    assert.deepEqual(await countedIn(sink), foldOf(1));
    await takeTransaction(next, 1);
    assert.deepEqual(await countedIn(sink), foldOf(2));
  });

  test('a server that has no connection left is told', async () => {
    await using sink = await Sink.create(server());
    const [row] = await sink.query('SELECT @@GLOBAL.max_connections AS most');
    const others = [];
    try {
      await sink.query('SET GLOBAL max_connections = 10');
      const account = `one_${sink.database}`;
      await sink.query(
        `CREATE USER ${account}@'%' IDENTIFIED BY 'one'; GRANT ALL ON ${sink.database}.* TO ${account}@'%'`,
      );
      await sink.query(`CREATE USER IF NOT EXISTS ${account}@'localhost' IDENTIFIED BY 'one'`);
      // One more than that is kept for those who may end the others, as this one does.
      for (let count = 0; count < 11; count += 1)
        others.push(
          await server()
            .connect()
            .catch(() => undefined),
        );
      const one = sink.with({ user: account, password: 'one' });
      await assert.rejects(one.validate(things), { code: 'MYSQL_TOO_MANY_CONNECTIONS', retry: 'backoff' });
    } finally {
      for (const other of others) other?.destroy();
      const most = String(row?.['most']);
      await until('a connection', async () =>
        sink.query(`SET GLOBAL max_connections = ${most}`).then(
          () => true,
          () => false,
        ),
      );
    }
  });

  test('triggers and constraints of the user run, and what they refuse is told', async () => {
    await using sink = await Sink.create(server());
    await sink.apply(things);
    await sink.query(`
      CREATE TABLE seen (id bigint, how varchar(10));
      CREATE TRIGGER inserted AFTER INSERT ON t FOR EACH ROW INSERT INTO seen VALUES (NEW.id, 'insert');
      CREATE TRIGGER updated AFTER UPDATE ON t FOR EACH ROW INSERT INTO seen VALUES (NEW.id, 'update');
      CREATE TRIGGER refused BEFORE INSERT ON t FOR EACH ROW
        IF NEW.id = 66 THEN SIGNAL SQLSTATE '45000' SET MESSAGE_TEXT = 'not 66'; END IF;
      ALTER TABLE t ADD CONSTRAINT fine CHECK (v <> 'refused')`);
    {
      await using session = await sink.open();
      await transact(session, 1, [{ key: [1], values: ['a'] }]);
      await transact(session, 2, [
        { key: [1], values: ['b'], exists: true },
        { key: [2], values: ['a'] },
      ]);
    }
    const seen = await sink.query('SELECT id, how FROM seen ORDER BY id, how');
    assert.deepEqual(seen, [
      { id: 1, how: 'insert' },
      { id: 1, how: 'update' },
      { id: 2, how: 'insert' },
    ]);
    for (const [store, code] of [
      [{ key: [66], values: ['a'] }, 'MYSQL_FAILED'],
      [{ key: [3], values: ['refused'] }, 'MYSQL_VALUE_REFUSED'],
    ] as const) {
      await using session = await sink.open();
      await assert.rejects(transact(session, 3, [{ key: [4], values: ['a'] }, store]), { code });
    }
    assert.deepEqual(await sink.query('SELECT id, v FROM t ORDER BY id'), [
      { id: 1, v: 'b' },
      { id: 2, v: 'a' },
    ]);
  });

  test('[G2] a commit whose answer is lost is settled by the checkpoint in the database', async () => {
    await using sink = await Sink.create(server());
    await sink.apply(things);
    // Passes everything on, but for the answer to a commit: it cuts the connection instead.
    let armed = false;
    const proxy = createServer((client) => {
      let asked = false;
      const upstream = connect(server().port, '127.0.0.1');
      client.on('data', (bytes) => {
        asked ||= armed && bytes.includes('COMMIT');
        upstream.write(bytes);
      });
      upstream.on('data', (bytes) => {
        if (asked) client.destroy();
        else client.write(bytes);
      });
      for (const socket of [client, upstream]) socket.on('error', () => undefined);
      client.once('close', () => upstream.destroy());
      upstream.once('close', () => client.destroy());
    });
    proxy.listen(0, '127.0.0.1');
    await once(proxy, 'listening');
    const { port } = proxy.address() as AddressInfo;
    const distant = sink.with({ address: `127.0.0.1:${port}`, advanced: { sslmode: 'disabled' } });
    {
      await using session = await distant.open();
      await storeAll(session, [{ key: [1], values: ['a'] }]);
      armed = true;
      const { committed } = await session.commit(checkpointAt(1));
      await assert.rejects(committed, { code: 'MYSQL_COMMIT_UNKNOWN', retry: 'backoff' });
    }
    proxy.close();
    await using next = await sink.open();
    assert.deepEqual(next.checkpoint, checkpointAt(1));
    assert.equal(await countOf(sink), 1);
  });
});
