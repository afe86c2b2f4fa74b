// Users without rights, servers that are read-only, accounts that are taken for another: told before anything is changed.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Failure } from '@weir/protocol';
import { checkpointAt, transact } from '@weir/testing';
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

onBothServers((server, flavour) => {
  /** For every host that one may come from: the account without a name would be taken for that of another host. */
  async function account(user: string, ...statements: readonly ((name: string) => string)[]): Promise<void> {
    for (const host of ['%', 'localhost']) {
      await server().query(`CREATE USER '${user}'@'${host}' IDENTIFIED BY 'few'`);
      for (const statement of statements) await server().query(statement(`'${user}'@'${host}'`));
    }
  }

  async function asUser(sink: Sink, ...rights: string[]): Promise<Sink> {
    const user = `few_${sink.database}_${rights.length}`;
    await account(
      user,
      ...['SELECT', ...rights].map(
        (right) => (name: string) => `GRANT ${right} ON ${sink.database}.* TO ${name}`,
      ),
    );
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

  test('who only adds rows needs no right but INSERT in their table', async () => {
    await using sink = await Sink.create(server());
    const events: TableSample = { ...table, deltaUpdates: true };
    await sink.apply(events);
    await account(
      `adder_${sink.database}`,
      (name) => `GRANT INSERT ON ${sink.database}.t TO ${name}`,
      (name) => `GRANT SELECT, INSERT, UPDATE ON ${sink.database}.flow_checkpoints_v1 TO ${name}`,
    );
    const adder = sink.with({
      user: `adder_${sink.database}`,
      password: 'few',
      hardDelete: true,
      timezone: 'UTC',
    });
    await adder.validate(events);
    assert.equal(await adder.apply(events), '');
    {
      await using session = await adder.open();
      await transact(session, 1, [
        { key: [1], values: ['a'] },
        { key: [1], values: ['b'], exists: true, delete: true },
      ]);
    }
    await using next = await adder.open();
    assert.deepEqual(next.checkpoint, checkpointAt(1));
    assert.equal((await sink.query('SELECT * FROM t')).length, 2);
    // As a standard table it would be read, staged for and updated.
    assert.deepEqual(await missing(adder), [
      'MYSQL_DENIED: The user may not make temporary tables (CREATE TEMPORARY TABLES).',
      'MYSQL_DENIED: The user may not SELECT in t.',
    ]);
  });

  test('rights that come from a role count when it is active, and its want is told when it is not', async () => {
    await using sink = await Sink.create(server());
    const role = `role_${sink.database}`;
    await server().query(`CREATE ROLE ${role}`);
    const rights = 'SELECT, INSERT, UPDATE, DELETE, CREATE, ALTER, DROP, INDEX, CREATE TEMPORARY TABLES';
    await server().query(`GRANT ${rights} ON ${sink.database}.* TO ${role}`);
    await server().query(
      `GRANT ${flavour === 'mysql' ? 'BACKUP_ADMIN, CONNECTION_ADMIN' : 'BINLOG ADMIN, READ_ONLY ADMIN'} ON *.* TO ${role}`,
    );
    const user = `of_${role}`;
    await account(user, (name) => `GRANT ${role} TO ${name}`);
    const member = sink.with({ user, password: 'few', timezone: 'UTC' });
    await assert.rejects(member.validate(table), {
      code: 'MYSQL_DATABASE_NOT_FOUND',
      fix: /SET DEFAULT ROLE/,
    });
    for (const host of ['%', 'localhost']) {
      const word = flavour === 'mysql' ? 'TO' : 'FOR';
      await server().query(`SET DEFAULT ROLE ${role} ${word} '${user}'@'${host}'`);
    }
    assert.deepEqual(await missing(member), []);
    await server().query('SET GLOBAL read_only = ON');
    try {
      assert.deepEqual(await missing(member), []);
      await member.apply(table);
    } finally {
      await server().query('SET GLOBAL read_only = OFF');
    }
  });

  test('whether SUPER may write to a server that is read-only depends on the server, and is told as it is', async () => {
    await using sink = await Sink.create(server());
    const user = `super_${sink.database}`;
    await account(
      user,
      (name) => `GRANT ALL ON ${sink.database}.* TO ${name}`,
      (name) => `GRANT SUPER ON *.* TO ${name}`,
    );
    const powerful = sink.with({ user, password: 'few', timezone: 'UTC' });
    await server().query('SET GLOBAL read_only = ON');
    try {
      const refusals = await missing(powerful);
      const applied = await powerful.apply(table).then(
        () => 'made',
        ({ code }: { code: string }) => code,
      );
      if (flavour === 'mysql') assert.deepEqual([refusals, applied], [[], 'made']);
      else {
        assert.deepEqual(refusals, ['MYSQL_READ_ONLY: The server has read_only = ON.']);
        assert.equal(applied, 'MYSQL_READ_ONLY');
      }
    } finally {
      await server().query('SET GLOBAL read_only = OFF');
    }
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
