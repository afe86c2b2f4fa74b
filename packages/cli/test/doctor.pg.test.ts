// weir doctor against a real server: it finds what is wrong and what is risky in one pass, and leaves no trace.

import assert from 'node:assert/strict';
import { existsSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { connect } from '@weir/pgwire';
import {
  missingPostgres,
  postgresVersions,
  type PostgresServer,
  startPostgres,
  temporaryDirectory,
  until,
} from '@weir/testing';
import { weir, WeirProcess } from './weir-process.ts';

interface Examined {
  readonly task: string;
  readonly findings: readonly { kind: string; code: string; message: string; fix: string }[];
}

function catalog(
  port: number,
  password: string,
  file: string,
  streams: readonly string[] = ['t'],
  user = 'keeper',
): string {
  const address = `127.0.0.1:${port}`;
  const credentials = { auth_type: 'UserPassword', password };
  return JSON.stringify({
    captures: {
      'acme/source': {
        endpoint: {
          connector: {
            image: 'source-postgres',
            config: { address, user, database: 'postgres', historyMode: false, credentials },
          },
        },
        bindings: streams.map((stream) => ({ resource: { namespace: 'public', stream }, target: 'acme/t' })),
      },
    },
    collections: {
      'acme/t': {
        key: ['/id'],
        schema: { type: 'object', properties: { id: { type: 'integer' } }, required: ['id'] },
      },
    },
    materializations: {
      'acme/sink': {
        endpoint: { connector: { image: 'materialize-sqlite', config: { path: file } } },
        bindings: [{ resource: { table: 't' }, source: 'acme/t' }],
      },
    },
  });
}

function diagnose(folder: string): { status: number | null; examined: Examined[]; text: string } {
  const { status, stdout, stderr } = weir(folder, 'doctor', 'flow.json', '--json');
  assert.equal(stderr, '');
  const examined = stdout
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as Examined);
  return { status, examined, text: stdout };
}

/** The findings of the capture, each of which must say what to do. */
function findingsOf({ examined }: { examined: Examined[] }): Examined['findings'] {
  const findings = examined.find(({ task }) => task === 'acme/source')?.findings ?? [];
  for (const { message, fix } of findings) assert.notEqual(fix, '', message);
  return findings;
}

test(
  'doctor tells every problem and risk of every task with its fix, and changes nothing',
  { skip: missingPostgres(18) },
  async () => {
    await using server = await startPostgres({ version: 18 });
    using folder = temporaryDirectory();
    await server.query(`CREATE TABLE t (id int PRIMARY KEY, v int);
                        CREATE ROLE keeper SUPERUSER LOGIN REPLICATION PASSWORD 'right'`);
    const write = (text: string): void => writeFileSync(join(folder.path, 'flow.json'), text);
    const doctor = () => diagnose(folder.path);

    write(catalog(server.port, 'right', 'sink.db'));
    const risky = doctor();
    assert.equal(risky.status, 0);
    assert.deepEqual(
      risky.examined.map(({ task, findings }) => [task, findings.map(({ kind }) => kind)]),
      [
        ['acme/source', ['risk']],
        ['acme/sink', []],
      ],
    );
    assert.match(risky.text, /max_slot_wal_keep_size has no limit/);

    await server.query(`ALTER SYSTEM SET max_slot_wal_keep_size = '10GB'`);
    await server.query('SELECT pg_reload_conf()');
    await server.query('CREATE PUBLICATION flow_publication FOR TABLE t (id) WHERE (id > 5)');
    const filtered = doctor();
    assert.equal(filtered.status, 0);
    assert.match(filtered.text, /leaves out rows and columns of public\.t/);
    await server.query('DROP PUBLICATION flow_publication');
    const text = weir(folder.path, 'doctor', 'flow.json');
    assert.equal(text.stdout, 'acme/source: well\nacme/sink: well\n');

    write(catalog(server.port, 'wr0ng', '/nowhere/sink.db'));
    const broken = doctor();
    assert.equal(broken.status, 1);
    assert.deepEqual(
      broken.examined.map(({ task, findings: [first] }) => [task, first?.kind, first?.code]),
      [
        ['acme/source', 'problem', 'PG_AUTH_FAILED'],
        ['acme/sink', 'problem', 'SQLITE_CANNOT_OPEN'],
      ],
    );
    assert.ok(!broken.text.includes('wr0ng'));
    assert.ok(broken.examined.every(({ findings: [first] }) => (first?.fix ?? '') !== ''));

    assert.deepEqual(await server.query('SELECT slot_name FROM pg_replication_slots'), []);
    assert.deepEqual(await server.query('SELECT pubname FROM pg_publication'), []);
    assert.deepEqual(readdirSync(folder.path), ['flow.json']);
    assert.ok(!existsSync(join(folder.path, '.weir')));
  },
);

for (const version of postgresVersions) {
  test(
    `each of several problems is a finding with its own code and fix, on PostgreSQL ${version}`,
    { skip: missingPostgres(version) },
    async () => {
      await using server = await startPostgres({ version, settings: { max_slot_wal_keep_size: '10GB' } });
      using folder = temporaryDirectory();
      await server.query(`CREATE TABLE t (id int PRIMARY KEY); CREATE TABLE loose (v text);
                          CREATE ROLE keeper LOGIN PASSWORD 'right'; GRANT SELECT ON loose TO keeper`);
      const text = catalog(server.port, 'right', 'sink.db', ['t', 'gone', 'loose']);
      writeFileSync(join(folder.path, 'flow.json'), text);
      const sick = diagnose(folder.path);
      assert.equal(sick.status, 1);
      const findings = findingsOf(sick);
      const told = (kind: string) =>
        findings.filter((each) => each.kind === kind).map(({ code, fix }) => `${code}: ${fix}`);
      const expected = [
        /^PG_ROLE: .*ALTER ROLE "keeper" WITH REPLICATION;/,
        /^PG_PUBLICATION: .*CREATE PUBLICATION "flow_publication"/,
        /^PG_TABLE_UNREADABLE: Create the table, or disable its binding\./,
        /^PG_TABLE_UNREADABLE: Run: GRANT SELECT ON "public"\."t" TO "keeper";/,
      ];
      const problems = told('problem');
      for (const pattern of expected)
        assert.ok(
          problems.some((each) => pattern.test(each)),
          `${pattern.source} in ${problems.join('\n')}`,
        );
      assert.deepEqual(
        told('risk').map((each) => each.replace(/^: /, '')),
        ['Run: ALTER TABLE "public"."loose" REPLICA IDENTITY FULL;'],
      );
      // People get the same, one below the other.
      const { stdout } = weir(folder.path, 'doctor', 'flow.json');
      for (const { kind, code, fix } of findings) {
        assert.ok(stdout.includes(`  ${kind}: ${code === '' ? '' : `${code}: `}`), code);
        assert.ok(stdout.includes(`\n    ${fix}\n`), fix);
      }
    },
  );

  test(
    `the risks of a server that is full, waits for a standby and forgets slots are told, on PostgreSQL ${version}`,
    { skip: missingPostgres(version) },
    async () => {
      await using server = await startPostgres({
        version,
        settings: {
          max_replication_slots: '1',
          max_wal_senders: '1',
          min_wal_size: '32MB',
          max_wal_size: '32MB',
          // Segments nobody writes to take no room.
          wal_init_zero: 'off',
          wal_recycle: 'off',
        },
      });
      using folder = temporaryDirectory();
      await server.query(`CREATE TABLE t (id int PRIMARY KEY); INSERT INTO t VALUES (1); CREATE ROLE keeper LOGIN REPLICATION PASSWORD 'right';
                          GRANT SELECT ON t TO keeper; CREATE PUBLICATION flow_publication FOR TABLE t`);
      writeFileSync(join(folder.path, 'flow.json'), catalog(server.port, 'right', 'sink.db'));
      const messages = (): string =>
        findingsOf(diagnose(folder.path))
          .map(({ kind, message }) => `${kind}: ${message}`)
          .toSorted()
          .join('\n');
      const unlimited = /^risk: while this capture is stopped, the server keeps all its log for the slot/m;

      // The slot of somebody else, where the capture has not run yet.
      await server.query("SELECT pg_create_logical_replication_slot('flow_slot', 'pgoutput')");
      assert.match(messages(), /^risk: the replication slot "flow_slot" exists already, and .*drops it/m);
      await server.query("SELECT pg_drop_replication_slot('flow_slot')");
      assert.match(messages(), unlimited);
      const ran = weir(folder.path, 'run', '--source', 'flow.json', '--until-caught-up');
      assert.equal(ran.status, 0, ran.stderr);

      await writeLog(server, 64);
      assert.match(
        messages(),
        /^risk: the slot "flow_slot" holds more log than the server reserves for it \(extended\)/m,
      );

      await server.query("ALTER SYSTEM SET max_slot_wal_keep_size = '48MB'");
      await server.query('SELECT pg_reload_conf()');
      await writeLog(server, 128);
      await server.query('CHECKPOINT');
      const lost = messages();
      assert.match(lost, /^problem: the server has given up the replication slot "flow_slot"/m);
      assert.doesNotMatch(lost, unlimited);

      await server.query("SELECT pg_drop_replication_slot('flow_slot')");
      await server.query('ALTER SYSTEM RESET max_slot_wal_keep_size');
      await server.query('SELECT pg_reload_conf()');
      await server.query("SELECT pg_create_physical_replication_slot('forgotten', true)");
      await writeLog(server, 1100);
      const { host, port, user, password, database } = server;
      await using _sender = await connect({ host, port, user, password, database, replication: 'database' });
      await server.query("ALTER SYSTEM SET synchronous_standby_names = 'absent'");
      await server.query('SELECT pg_reload_conf()');
      const full = messages();
      for (const expected of [
        /^risk: all 1 replication connections are in use$/m,
        /^problem: the replication slot "flow_slot" does not exist, and cannot be created: all 1 replication slots are taken$/m,
        /^risk: nobody reads the replication slot "forgotten", and the server keeps 1\d\d\d MB of log for it$/m,
        /^problem: the replication slot "flow_slot" does not exist, and the capture has read up to/m,
        /^risk: with synchronous replication, a capture that restarts .* the user may not$/m,
        unlimited,
      ]) {
        assert.match(full, expected);
      }
      assert.equal(full.split('\n').length, 6, full);
    },
  );

  test(
    `what the next start would meet is a problem before it: slots, tables, servers, on PostgreSQL ${version}`,
    { skip: missingPostgres(version) },
    async () => {
      await using server = await startPostgres({ version, settings: { max_slot_wal_keep_size: '10GB' } });
      using folder = temporaryDirectory();
      await server.query(`CREATE TABLE t (id int PRIMARY KEY); INSERT INTO t VALUES (1);
                          CREATE ROLE keeper SUPERUSER LOGIN REPLICATION PASSWORD 'right'`);
      const write = (port: number): void =>
        writeFileSync(join(folder.path, 'flow.json'), catalog(port, 'right', 'sink.db'));
      const told = (): { readonly status: number | null; readonly codes: readonly string[] } => {
        const diagnosis = diagnose(folder.path);
        return { status: diagnosis.status, codes: findingsOf(diagnosis).map(({ code }) => code) };
      };
      write(server.port);
      const ran = weir(folder.path, 'run', '--source', 'flow.json', '--until-caught-up');
      assert.equal(ran.status, 0, ran.stderr);
      assert.deepEqual(told(), { status: 0, codes: [] });

      await server.query(
        'CREATE TABLE other (LIKE t INCLUDING ALL); DROP TABLE t; ALTER TABLE other RENAME TO t',
      );
      assert.deepEqual(told(), { status: 1, codes: ['SQL_TABLE_REPLACED'] });

      await server.query("SELECT pg_drop_replication_slot('flow_slot')");
      const lost = told();
      assert.deepEqual([lost.status, lost.codes.toSorted()], [1, ['PG_SLOT_MISSING', 'SQL_TABLE_REPLACED']]);

      await using another = await startPostgres({ version, ownSystem: true });
      await another.query(`CREATE TABLE t (id int PRIMARY KEY);
                           CREATE ROLE keeper SUPERUSER LOGIN REPLICATION PASSWORD 'right'`);
      write(another.port);
      assert.ok(told().codes.includes('PG_OTHER_CLUSTER'));

      // What is read from the beginning needs none of it.
      write(server.port);
      assert.equal(weir(folder.path, 'backfill', 'acme/source', '--all').status, 0);
      assert.deepEqual(told(), { status: 0, codes: [] });
      const again = weir(folder.path, 'run', '--source', 'flow.json', '--until-caught-up');
      assert.equal(again.status, 0, again.stderr);
    },
  );

  test(
    `[G8] a running capture is told of and not disturbed; a publication that may have left changes out is a problem, on PostgreSQL ${version}`,
    { skip: missingPostgres(version) },
    async () => {
      await using server = await startPostgres({ version, settings: { max_slot_wal_keep_size: '10GB' } });
      using folder = temporaryDirectory();
      await server.query(`CREATE TABLE t (id int PRIMARY KEY); INSERT INTO t VALUES (1);
                          CREATE ROLE keeper SUPERUSER LOGIN REPLICATION PASSWORD 'right'`);
      writeFileSync(join(folder.path, 'flow.json'), catalog(server.port, 'right', 'sink.db'));
      const reader = async () =>
        (await server.query('SELECT active_pid FROM pg_replication_slots'))[0]?.['active_pid'] ?? '';
      const catalogues = () =>
        server.query(
          `SELECT (SELECT json_agg(p ORDER BY p.oid) FROM pg_publication p)::text AS publications,
                  (SELECT json_agg(r ORDER BY r.oid) FROM pg_publication_rel r)::text AS published,
                  (SELECT json_agg(s.slot_name) FROM pg_replication_slots s)::text AS slots`,
        );
      const rows = (): number => countDocuments(folder.path);
      {
        await using run = new WeirProcess(folder.path, 'run', '--source', 'flow.json');
        await until('the first row', () => rows() === 1);
        const [pid, before] = [await reader(), await catalogues()];
        const beside = diagnose(folder.path);
        assert.deepEqual([beside.status, findingsOf(beside).map(({ kind }) => kind)], [0, ['risk']]);
        const told = new RegExp(
          `the replication slot .*flow_slot.* is being read from 127.0.0.1 .process ${pid} of the server`,
        );
        assert.match(beside.text, told);
        assert.deepEqual([await reader(), await catalogues()], [pid, before]);
        await server.query('INSERT INTO t VALUES (2)');
        await until('the second row', () => rows() === 2);
        assert.equal(await reader(), pid);
        await run.stop();
      }
      assert.deepEqual(findingsOf(diagnose(folder.path)), []);
      await server.query('ALTER PUBLICATION flow_publication DROP TABLE t');
      await server.query('ALTER PUBLICATION flow_publication ADD TABLE t');
      const gap = diagnose(folder.path);
      assert.deepEqual([gap.status, findingsOf(gap).map(({ code }) => code)], [1, ['PG_PUBLICATION_GAP']]);
      assert.match(gap.text, /public\.t \(taken out and added again/);
    },
  );
}

/** How many documents the collection has; 0 as long as there is none. */
function countDocuments(folder: string): number {
  const { stdout } = weir(folder, 'read', 'acme/t');
  return stdout.split('\n').filter((line) => line !== '').length;
}

/** Moves the end of the log by about so much. */
async function writeLog(server: PostgresServer, mebibytes: number): Promise<void> {
  for (let moved = 0; moved < mebibytes; moved += 16) {
    await server.query("SELECT pg_logical_emit_message(false, 'doctor', ''), pg_switch_wal()");
  }
}
