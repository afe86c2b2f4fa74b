// Users without rights, servers that are read-only, accounts that are taken for another: told before anything is changed.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Failure } from '@weir/protocol';
import { onBothServers, Sink, type TableSample } from '../test/sink.ts';

const table: TableSample = { table: 't', fields: { id: { types: ['integer'] }, v: { types: ['string'] } } };

/** Codes and messages of what validation finds missing. */
async function missing(sink: Sink): Promise<string[]> {
  try {
    await sink.validate(table);
    return [];
  } catch (error) {
    const { failures = [] } = error as { readonly failures?: readonly Failure[] };
    return failures.map(({ code, message }) => `${code}: ${message}`);
  }
}

onBothServers((server) => {
  async function asUser(sink: Sink, ...rights: string[]): Promise<Sink> {
    const user = `few_${sink.database}_${rights.length}`;
    await server().query(`CREATE USER '${user}'@'%' IDENTIFIED BY 'few'`);
    // The account without a name would be taken for it.
    await server().query(`CREATE USER IF NOT EXISTS '${user}'@'localhost' IDENTIFIED BY 'few'`);
    for (const host of ['%', 'localhost']) {
      await server().query(`GRANT SELECT ON ${sink.database}.* TO '${user}'@'${host}'`);
      for (const right of rights)
        await server().query(`GRANT ${right} ON ${sink.database}.* TO '${user}'@'${host}'`);
    }
    return sink.with({ user, password: 'few', hardDelete: true, timezone: 'UTC' });
  }

  test('rights that are missing are told together, and before a table is made', async () => {
    await using sink = await Sink.create(server());
    const few = await asUser(sink);
    assert.deepEqual(await missing(few), [
      'MYSQL_DENIED: The user may not make temporary tables (CREATE TEMPORARY TABLES).',
      'MYSQL_DENIED: The user may not make tables in the database (CREATE).',
    ]);
    await sink.apply(table);
    const more = await asUser(sink, 'CREATE TEMPORARY TABLES', 'INSERT');
    assert.deepEqual(await missing(more), [
      'MYSQL_DENIED: The user may not UPDATE in flow_checkpoints_v1.',
      'MYSQL_DENIED: The user may not UPDATE in t.',
    ]);
    const enough = await asUser(sink, 'CREATE TEMPORARY TABLES', 'INSERT', 'UPDATE', 'DELETE');
    assert.deepEqual(await missing(enough), []);
    const readme = [
      'INSERT',
      'UPDATE',
      'DELETE',
      'CREATE',
      'ALTER',
      'DROP',
      'INDEX',
      'CREATE TEMPORARY TABLES',
    ];
    await using fresh = await Sink.create(server());
    assert.deepEqual(await missing(await asUser(fresh, ...readme)), []);
    assert.deepEqual(await fresh.query('SHOW TABLES'), []);
  });

  test('a server that is read-only, and one without LOAD DATA LOCAL, are told', async () => {
    await using sink = await Sink.create(server());
    const user = await asUser(sink, 'INSERT', 'UPDATE', 'DELETE', 'CREATE', 'CREATE TEMPORARY TABLES');
    await server().query('SET GLOBAL read_only = ON');
    try {
      assert.deepEqual(await missing(user), ['MYSQL_READ_ONLY: The server has read_only = ON.']);
      // Whoever may write all the same is let through.
      assert.deepEqual(await missing(sink), []);
    } finally {
      await server().query('SET GLOBAL read_only = OFF');
    }
    await server().query('SET GLOBAL local_infile = OFF');
    try {
      assert.deepEqual(await missing(user), ['MYSQL_LOCAL_INFILE: local_infile is off on the server.']);
    } finally {
      await server().query('SET GLOBAL local_infile = ON');
    }
  });

  test('an account without a name, which goes before that of the user, is told with the refusal', async () => {
    await using sink = await Sink.create(server());
    await server().query(`CREATE USER 'taken'@'%' IDENTIFIED BY 'taken'`);
    await server().query(`GRANT ALL ON ${sink.database}.* TO 'taken'@'%'`);
    const hosts = ['localhost', '127.0.0.1'];
    for (const host of hosts) await server().query(`CREATE USER IF NOT EXISTS ''@'${host}'`);
    try {
      const taken = sink.with({ user: 'taken', password: 'taken', timezone: 'UTC' });
      await assert.rejects(taken.validate(table), {
        code: 'MYSQL_AUTH_FAILED',
        fix: /goes before 'taken'@'%': DROP USER ''@'(localhost|127\.0\.0\.1)'/,
      });
      for (const host of hosts) await server().query(`DROP USER ''@'${host}'`);
      await taken.validate(table);
    } finally {
      for (const host of hosts) await server().query(`DROP USER IF EXISTS ''@'${host}'`);
    }
  });
});
