// `weir init`, from nothing to rows in the destination.

import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { after, before, describe, test } from 'node:test';
import {
  matchSnapshot,
  missingPostgres,
  type PostgresServer,
  startPostgres,
  temporaryDirectory,
} from '@weir/testing';
import { missingTerminal, TypedSession } from './typed-session.ts';
import { weir } from './weir-process.ts';

const password = 'p3nnyw1se';

describe('a new user', { skip: missingPostgres(18) }, () => {
  let server: PostgresServer;
  before(async () => {
    server = await startPostgres({ version: 18, settings: { wal_level: 'logical' } });
    await server.query(`
      CREATE ROLE captor LOGIN SUPERUSER PASSWORD '${password}';
      CREATE TABLE users (id int PRIMARY KEY, name text);
      INSERT INTO users VALUES (1, 'Ada'), (2, 'Grace');
      CREATE SCHEMA crm;
      CREATE TABLE crm.users (id int PRIMARY KEY, note text);
      INSERT INTO crm.users VALUES (7, 'a note')`);
  });
  after(async () => await server[Symbol.asyncDispose]());

  const answers = (typed = password) =>
    [
      'init --name acme --from source-postgres --to materialize-sqlite',
      `--set /from/address=${server.host}:${server.port} --set /from/user=captor`,
      `--set /from/database=${server.database} --set /from/credentials/password=${typed}`,
      '--set /from/advanced/slotName=weir_init --set /to/path=copy.db',
    ].flatMap((line) => line.split(' '));

  function copied(folder: string): unknown[] {
    using copy = new DatabaseSync(join(folder, 'copy.db'), { readOnly: true });
    const rows = copy.prepare(
      `SELECT id, name FROM public_users UNION ALL SELECT id, note FROM crm_users ORDER BY 1`,
    );
    return rows.all().map((row) => Object.values(row));
  }

  test('gives its answers beforehand, gets a commented catalog, and runs it', () => {
    using folder = temporaryDirectory();
    const { status, stderr, stdout } = weir(folder.path, ...answers());
    assert.equal(status, 0, stderr);
    assert.match(stderr, / {2}acme\/crm\/users\n {2}acme\/public\/users\n[^]*Wrote flow\.yaml/);
    assert.doesNotMatch(stderr + stdout, new RegExp(password));
    const catalog = readFileSync(join(folder.path, 'flow.yaml'), 'utf8');
    const steady = catalog.replace(`${server.host}:${server.port}`, 'HOST:PORT');
    matchSnapshot(import.meta.url, 'init-catalog', steady);
    assert.equal(statSync(join(folder.path, 'flow.yaml')).mode & 0o077, 0);
    const run = weir(folder.path, 'run', '--until-caught-up');
    assert.equal(run.status, 0, run.stdout + run.stderr);
    assert.deepEqual(copied(folder.path), [
      [1, 'Ada'],
      [2, 'Grace'],
      [7, 'a note'],
    ]);
  });

  test('is told why the source or the destination cannot be reached, and nothing is left behind', () => {
    using folder = temporaryDirectory();
    const source = weir(folder.path, ...answers('wrong-secret'));
    assert.equal(source.status, 1);
    assert.match(source.stderr, /PG_AUTH_FAILED/);
    assert.doesNotMatch(source.stderr, /wrong-secret/);
    const destination = weir(folder.path, ...answers().slice(0, -1), '/to/path=no/such/folder/copy.db');
    assert.equal(destination.status, 1);
    assert.match(destination.stderr, /INIT_DESTINATION_UNUSABLE: SQLITE_/);
    assert.deepEqual(readdirSync(folder.path), []);
  });

  test('is told what no form has an answer for, and never loses a catalog', () => {
    using folder = temporaryDirectory();
    const nothing = weir(folder.path, 'init', '--from', 'source-postgres', '--to', 'materialize-sqlite');
    assert.match(nothing.stderr, /INIT_ANSWER_MISSING[^]*\/from\/address \(Server Address\)/);
    const unchosen = weir(folder.path, 'init');
    assert.match(unchosen.stderr, /INIT_ANSWER_MISSING[^]*--from[^]*source-postgres/);
    const misspelled = weir(folder.path, ...answers(), '--set', '/from/adress=x');
    assert.match(misspelled.stderr, /INIT_ANSWER_INVALID[^]*Did you mean "?\/from\/address/);
    const elsewhere = weir(folder.path, ...answers(), '--source', 'none/flow.yaml');
    assert.match(elsewhere.stderr, /^weir: INIT_FOLDER_UNUSABLE: Nothing can be made in .*none: ENOENT/);
    assert.deepEqual(readdirSync(folder.path), []);
    assert.equal(weir(folder.path, ...answers()).status, 0);
    const again = weir(folder.path, ...answers());
    assert.equal(again.status, 1);
    assert.match(again.stderr, /INIT_EXISTS/);
  });

  test(
    'answers on a terminal, where a secret is not seen and a wrong one may be mended',
    { skip: missingTerminal() },
    async () => {
      using folder = temporaryDirectory();
      await using session = new TypedSession(
        folder.path,
        'init',
        '--set',
        '/from/advanced/slotName=weir_init',
      );
      const fill = async (typed: string): Promise<void> => {
        await session.answer('Server Address: ', `${server.host}:${server.port}`);
        await session.answer('User [flow_capture]: ', 'captor');
        await session.answer('Database [postgres]: ', server.database);
        await session.answer('History Mode [no]: ', '');
        await session.answer('Authentication [UserPassword]: ', '');
        await session.answer('Password: ', typed);
      };
      await session.answer('Where from: ', 'source-postgres');
      await session.answer('Where to: ', 'no such thing');
      await session.answer('Where to: ', 'materialize-sqlite');
      await session.answer('Name [', 'acme');
      await fill('wrong-secret');
      // What was answered is offered again.
      await session.seen('PG_AUTH_FAILED');
      await session.answer(`Server Address [${server.host}:${server.port}]: `, '');
      await session.answer('User [captor]: ', '');
      await session.answer(`Database [${server.database}]: `, '');
      await session.answer('History Mode [no]: ', '');
      await session.answer('Authentication [UserPassword]: ', '');
      await session.answer('Password [as before]: ', password);
      // And so is what was given.
      await session.answer('[weir_init]: ', '');
      await session.answer('Path: ', 'no/such/folder.db');
      await session.answer('Hard Delete [no]: ', 'yes');
      await session.seen('SQLITE_CANNOT_OPEN');
      await session.answer('Path [no/such/folder.db]: ', 'copy.db');
      await session.answer('Hard Delete [yes]: ', '');
      assert.equal(await session.ended(), 0, session.screen);
      assert.doesNotMatch(session.screen, /wrong-secret/);
      assert.ok(!session.screen.includes(password));
      const catalog = readFileSync(join(folder.path, 'flow.yaml'), 'utf8');
      assert.match(catalog, /hardDelete: true/);
      assert.equal(weir(folder.path, 'doctor').status, 0);
    },
  );

  test('may stop in the middle, which leaves nothing', { skip: missingTerminal() }, async () => {
    using folder = temporaryDirectory();
    await using session = new TypedSession(
      folder.path,
      'init',
      '--from',
      'source-postgres',
      '--to',
      'materialize-sqlite',
    );
    await session.answer('Name [', 'acme');
    await session.answer('Server Address: ', '\x03');
    assert.equal(await session.ended(), 1, session.screen);
    assert.match(session.screen, /INIT_STOPPED/);
    assert.ok(!existsSync(join(folder.path, 'flow.yaml')));
    assert.deepEqual(readdirSync(folder.path), []);
  });
});
