// Tables without a key, written to while they are backfilled: their collections are keyed by the position of a
// change, so a row that came both from the scan and from the stream would stay there twice.

import { missingPostgres, postgresVersions, startPostgres, type PostgresServer } from '@weir/testing';
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { CaptureHarness, discoverBindings, endpointConfig } from '../test/capture-harness.ts';

/** Between two writes of a connection: the machine has to keep up. */
const PACE_MS = 10;
const PAD = "repeat('x', 400)";

/** What several connections write until told to stop: each row has its own id, each version of it its own v. */
class Writers implements AsyncDisposable {
  readonly #server: PostgresServer;
  readonly #stop = new AbortController();
  readonly #running: Promise<void>[] = [];
  #nextId = 100_000;
  #seed = 1;

  constructor(server: PostgresServer) {
    this.#server = server;
  }

  start(connections: number): void {
    for (let i = 0; i < connections; i += 1) this.#running.push(this.#write());
  }

  #random(below: number): number {
    this.#seed = (this.#seed * 48_271) % 2_147_483_647;
    return this.#seed % below;
  }

  #ids(count: number): number {
    this.#nextId += count;
    return this.#nextId - count;
  }

  insert(count: number): string {
    const first = this.#ids(count);
    return `INSERT INTO log SELECT i, 0, ${PAD} FROM generate_series(${first}, ${first + count - 1}) i`;
  }

  async #write(): Promise<void> {
    await using connection = await this.#server.connect();
    while (!this.#stop.signal.aborted) {
      await delay(PACE_MS);
      const old = 1 + this.#random(2000);
      switch (this.#random(7)) {
        case 0:
          await connection.query(`SET synchronous_commit = off; ${this.insert(1)}`);
          break;
        case 1:
          await connection.query(`BEGIN; ${this.insert(3)}; ROLLBACK`);
          break;
        case 2: {
          const first = this.#ids(20);
          const copy = await connection.copyIn('COPY log FROM STDIN');
          const lines = Array.from({ length: 20 }, (_, i) => `${first + i}\t0\t${'y'.repeat(400)}\n`);
          await copy.write(Buffer.from(lines.join('')));
          await copy.finish();
          break;
        }
        case 3:
          await connection.query(`UPDATE log SET v = v + 1 WHERE id = ${old}`);
          break;
        case 4:
          await connection.query(`DELETE FROM log WHERE id = ${old}`);
          break;
        case 5:
          await connection.query('BEGIN');
          await connection.query(this.insert(2));
          await connection.query(this.insert(2));
          await connection.query('COMMIT');
          break;
        default:
          await connection.query(`SET synchronous_commit = on; ${this.insert(2)}`);
      }
    }
  }

  async stop(): Promise<void> {
    this.#stop.abort();
    await Promise.all(this.#running);
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.stop();
  }
}

interface Version {
  readonly id: number;
  readonly v: number;
}

function versionsOf(capture: CaptureHarness): { readonly op: string; readonly version: Version }[] {
  return capture.documents('log').map(({ document }) => ({
    op: document._meta.op,
    version: { id: Number(document['id']), v: Number(document['v']) },
  }));
}

/** Each version of a row came at most once; those that are in the table now came, and no others are left. */
async function assertEveryRowOnce(capture: CaptureHarness, server: PostgresServer): Promise<void> {
  const seen = new Set<string>();
  const twice: string[] = [];
  const folded = new Map<number, number>();
  for (const { op, version } of versionsOf(capture)) {
    if (op === 'd') {
      folded.delete(version.id);
      continue;
    }
    const text = `${version.id} v${version.v}`;
    if (seen.has(text)) twice.push(text);
    seen.add(text);
    folded.set(version.id, version.v);
  }
  assert.deepEqual(twice, [], 'came twice');
  const expected = await server.query('SELECT id, v FROM log');
  const missing = expected.filter(({ id, v }) => folded.get(Number(id)) !== Number(v));
  assert.deepEqual(missing, [], 'never came');
  assert.equal(folded.size, expected.length, 'rows that are gone, or never were, are left');
}

function facts(capture: CaptureHarness): Record<string, unknown> | undefined {
  const tables = (capture.state['bindingStateV1'] ?? {}) as Record<string, { metadata?: object }>;
  return { ...tables['public%2Flog']?.metadata };
}

for (const version of postgresVersions) {
  describe(`tables without a key on PostgreSQL ${version}`, { skip: missingPostgres(version) }, () => {
    for (const connections of [1, 3]) {
      test(`every row comes once, whoever writes and whenever the capture is killed during the backfill, with ${connections} reading`, async () => {
        await using server = await startPostgres({ version });
        await server.query(`CREATE TABLE other (id int PRIMARY KEY);
                          CREATE TABLE log (id int, v int, pad text); ALTER TABLE log REPLICA IDENTITY FULL;
                          CREATE INDEX ON log (id); INSERT INTO log SELECT i, 0, ${PAD} FROM generate_series(1, 2000) i`);
        const config = endpointConfig(server, {
          advanced: { backfill_chunk_size: 200, backfill_connections: connections },
        });
        const bindings = await discoverBindings(config);
        const isOther = (name: unknown) => name === 'other';
        // The slot must exist first: its creation waits for the transactions that are open.
        await using capture = new CaptureHarness(
          config,
          bindings.filter(({ resource }) => isOther(resource['stream'])),
        );
        capture.start();
        await capture.untilActive();
        await capture.kill('SIGTERM');

        await using writers = new Writers(server);
        const open = await Promise.all(Array.from({ length: 4 }, () => server.connect()));
        // They are running when the backfill begins, and have not written to the table yet: it would wait for them.
        for (const connection of open) await connection.query('BEGIN; SELECT pg_current_xact_id()');
        const [early, amid, undone, late] = open;
        writers.start(4);
        capture.bindings = bindings;
        const kills = 5;
        for (let round = 0; round < kills; round += 1) {
          capture.start();
          const before = capture.checkpoints;
          await capture.until('some chunks', () => {
            const hasBegun = facts(capture)?.['watershed'] !== undefined;
            return hasBegun && capture.checkpoints >= before + 3 + 4 * round;
          });
          await capture.kill();
          if (round === 0) for (const connection of open) await connection.query(writers.insert(30));
          if (round === 0) await early?.query(`${writers.insert(5)}; COMMIT`);
          if (round === 2) await amid?.query(`${writers.insert(5)}; COMMIT`);
          if (round === 3) await undone?.query('ROLLBACK');
        }
        capture.start();
        assert.equal(typeof facts(capture)?.['watershed'], 'string');
        await capture.untilActive();
        await writers.stop();
        await late?.query(`${writers.insert(5)}; COMMIT`);
        for (const connection of open) await connection.close();
        await server.query('INSERT INTO log VALUES (-1, 0)');
        await capture.until('the last row', () =>
          versionsOf(capture).some(({ version: { id } }) => id === -1),
        );
        await assertEveryRowOnce(capture, server);
        assert.deepEqual(Object.keys(facts(capture) ?? {}).toSorted(), [
          'publication',
          'publication_operations',
          'publication_options',
          'publication_version',
          'published_by',
          'relation',
          'system_identifier',
          'timeline',
        ]);
      });
    }

    test('a chunk that takes longer than a statement may is tried again with fewer pages, where a key merges what came of it', async () => {
      await using own = await startPostgres({ version });
      // A page holds 22 rows, and takes 16 seconds.
      await own.query(`CREATE TABLE t (id int PRIMARY KEY) WITH (fillfactor = 10);
                       INSERT INTO t SELECT generate_series(1, 44)`);
      const config = endpointConfig(own, {
        advanced: { statement_timeout: '30s', backfill_chunk_size: 700 },
      });
      const advanced = { additional_backfill_filter: 'pg_sleep(0.75) IS NOT NULL' };
      const bindings = await discoverBindings(config, { t: { mode: 'Without Primary Key', advanced } });
      await using capture = new CaptureHarness(config, bindings);
      capture.start();
      await capture.untilActive();
      assert.equal(capture.rows('t').length, 44);
      assert.match(
        capture.logs.map(({ message }) => message).join('\n'),
        /public\.t ran into the statement timeout/,
      );
    });

    test('a chunk that cannot be made shorter ends the capture, which names the table and the timeout', async () => {
      await using own = await startPostgres({ version });
      await own.query('CREATE TABLE t (id int PRIMARY KEY); INSERT INTO t VALUES (1), (2)');
      const config = endpointConfig(own, { advanced: { statement_timeout: '30s', backfill_chunk_size: 1 } });
      const advanced = { additional_backfill_filter: 'pg_sleep(600) IS NOT NULL' };
      await using capture = new CaptureHarness(config, await discoverBindings(config, { t: { advanced } }));
      capture.start();
      assert.match(
        await capture.failure(),
        /PG_CHUNK_TIMEOUT: a chunk of about 1 rows of public\.t takes longer than the statement timeout of 30s\nRaise/,
      );
      assert.equal(capture.documents('t').length, 0);
    });

    test('a row that moves to a page read before has the large values that the update left alone', async () => {
      await using server = await startPostgres({ version });
      await server.query(`CREATE TABLE log (id int PRIMARY KEY, big text, v int); ALTER TABLE log ALTER big SET STORAGE EXTERNAL;
                          INSERT INTO log SELECT i, CASE i WHEN 2500 THEN repeat('x', 5000) END, 0 FROM generate_series(1, 3000) i`);
      const config = endpointConfig(server, { advanced: { backfill_chunk_size: 200 } });
      const bindings = await discoverBindings(config, { log: { mode: 'Without Primary Key' } });
      await using capture = new CaptureHarness(config, bindings);
      capture.start({ WEIR_CRASH_POINT: 'sqlcapture.after-chunk:3' });
      await capture.failure();
      // Its own page is full, and on the last one there is less room than on the first.
      await server.query('DELETE FROM log WHERE id <= 400');
      await server.query('VACUUM (INDEX_CLEANUP ON) log');
      await server.query('UPDATE log SET v = 1 WHERE id = 2500');
      const [at] = await server.query('SELECT (ctid::text::point)[0] AS page FROM log WHERE id = 2500');
      assert.ok(Number(at?.['page']) < 3, `on the page ${at?.['page']}`);
      capture.start();
      await capture.untilActive();
      assert.equal(capture.rows('log').length, 2600);
      const row = capture.rows('log').find(({ id }) => id === 2500);
      assert.deepEqual(row, { big: 'x'.repeat(5000), id: 2500, v: 1 });
    });

    test('a table that is rewritten while it is read page by page is read again, or told; after a TRUNCATE it has been read', async () => {
      await using server = await startPostgres({ version });
      const rows = 'SELECT i, 0 FROM generate_series(1, 3000) i';
      await server.query(`
        CREATE TABLE keyed (id int PRIMARY KEY, v int); INSERT INTO keyed ${rows};
        CREATE TABLE packed (id int PRIMARY KEY, v int); INSERT INTO packed ${rows}; DELETE FROM packed WHERE id < 2000;
        CREATE TABLE log (id int, v int); ALTER TABLE log REPLICA IDENTITY FULL; INSERT INTO log ${rows};
        CREATE TABLE emptied (id int, v int); ALTER TABLE emptied REPLICA IDENTITY FULL; INSERT INTO emptied ${rows}`);
      const mode = 'Without Primary Key';
      const ids = (capture: CaptureHarness, table: string) =>
        capture.documents(table).map(({ document }) => Number(document['id']));
      const changed: Readonly<Record<string, string>> = {
        keyed: 'ALTER TABLE keyed ALTER v TYPE bigint',
        packed: 'VACUUM FULL packed',
        log: 'ALTER TABLE log ADD x float DEFAULT random()',
        emptied: 'TRUNCATE emptied; INSERT INTO emptied VALUES (9000, 0)',
      };
      for (const [table, change] of Object.entries(changed)) {
        const config = endpointConfig(server, {
          advanced: { backfill_chunk_size: 200, slotName: table, publicationName: table },
        });
        const bindings = await discoverBindings(config, { [table]: { mode } });
        await using capture = new CaptureHarness(
          config,
          bindings.filter(({ resource }) => resource['stream'] === table),
        );
        capture.start({ WEIR_CRASH_POINT: 'sqlcapture.after-chunk:4' });
        await capture.failure();
        const before = ids(capture, table).length;
        assert.ok(before < 3000);
        await server.query(change);
        capture.start();
        if (table === 'log') {
          assert.match(await capture.failure(), /^SQL_TABLE_REWRITTEN: .*public\.log/);
          capture.start();
          assert.match(await capture.failure(), /^SQL_TABLE_REWRITTEN/);
          assert.equal(ids(capture, table).length, before);
          capture.bindings = capture.bindings.map((each) => ({ ...each, backfill: 1 }));
          capture.start();
        }
        await capture.untilActive();
        const expected = await server.query(`SELECT id FROM ${table} ORDER BY id`);
        const came = ids(capture, table).slice(table === 'keyed' || table === 'packed' ? 0 : before);
        assert.deepEqual(
          [...new Set(came)].toSorted((a, b) => a - b),
          expected.map(({ id }) => Number(id)),
          table,
        );
        if (table === 'log' || table === 'emptied') assert.equal(came.length, expected.length, table);
        await capture.kill('SIGTERM');
      }
    });

    test('rows of a table that is activated while it is written to come once', async () => {
      await using server = await startPostgres({ version });
      await server.query(`CREATE TABLE log (id int, v int, pad text); ALTER TABLE log REPLICA IDENTITY FULL;
                          CREATE INDEX ON log (id); INSERT INTO log SELECT i, 0, ${PAD} FROM generate_series(1, 300) i`);
      await using writers = new Writers(server);
      writers.start(4);
      for (let round = 0; round < 4; round += 1) {
        const config = endpointConfig(server, {
          advanced: { slotName: `slot_${round}`, publicationName: `publication_${round}` },
        });
        await using capture = new CaptureHarness(config, await discoverBindings(config));
        capture.start();
        await capture.untilActive();
        const sentinel = -1 - round;
        await server.query(`INSERT INTO log VALUES (${sentinel}, 0)`);
        if (round === 3) await writers.stop();
        await capture.until('the sentinel', () =>
          versionsOf(capture).some(({ version: { id } }) => id === sentinel),
        );
        const texts = versionsOf(capture).flatMap(({ op, version: row }) =>
          op === 'd' ? [] : [`${row.id} v${row.v}`],
        );
        assert.equal(texts.length, new Set(texts).size);
        if (round === 3) {
          await server.query('INSERT INTO log VALUES (-100, 0)');
          await capture.until('the last row', () =>
            versionsOf(capture).some(({ version: { id } }) => id === -100),
          );
          await assertEveryRowOnce(capture, server);
        }
        await capture.kill('SIGTERM');
      }
    });
  });
}
