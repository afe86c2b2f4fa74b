// Rows into MySQL through the protocol, against what one writes by hand: LOAD DATA of the same rows into a temporary table,
// and INSERT … ON DUPLICATE KEY UPDATE from there.

import { createReadStream, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type MysqlTestServer, startMysql } from '@weir/testing';
import type { BenchRow, BenchRun, RunFigures } from './bench-row.ts';
import { MaterializeProcess } from './materialize-process.ts';
import { storedRowRequests, storedRows, storedRowsSpec, writeStoredRows } from './stored-rows.ts';

const columns = `id bigint NOT NULL, name longtext NOT NULL, note longtext NOT NULL, quantity bigint NOT NULL,
  flow_document json NOT NULL`;
const charset = 'CHARACTER SET utf8mb4 COLLATE utf8mb4_bin';
const replaced = ['name', 'note', 'quantity', 'flow_document'].map((name) => `h.${name} = s.${name}`);

async function storeByHand(server: MysqlTestServer, path: string): Promise<RunFigures> {
  const connection = await server.connect();
  const cpu = process.cpuUsage();
  const started = performance.now();
  await connection.query(`CREATE TEMPORARY TABLE s (${columns}) ${charset}`);
  await connection.query('START TRANSACTION');
  await connection.query({
    sql: `LOAD DATA LOCAL INFILE 'rows' INTO TABLE s CHARACTER SET utf8mb4`,
    infileStreamFactory: () => createReadStream(path, { highWaterMark: 1 << 18 }),
  });
  await connection.query(`INSERT INTO h SELECT * FROM s ON DUPLICATE KEY UPDATE ${replaced.join(', ')}`);
  await connection.query('COMMIT');
  const seconds = (performance.now() - started) / 1000;
  const { user, system } = process.cpuUsage(cpu);
  await connection.end();
  return { count: storedRows, seconds, cpuSeconds: (user + system) / 1e6, peakRssMiB: 0 };
}

function storeRow(id: string, title: string, exists: boolean): BenchRow {
  return {
    id,
    title: `${title} through the protocol into MySQL, against LOAD DATA to a temporary table and ON DUPLICATE KEY UPDATE by hand`,
    target: 0.8,
    unit: 'rows/s',
    conditions: `MySQL 9 on loopback, innodb_flush_log_at_trx_commit = 2, ${storedRows} rows of 4 columns and their document (about 200 bytes), one transaction`,
    async prepare(): Promise<BenchRun> {
      const folder = mkdtempSync(join(tmpdir(), 'weir-bench-'));
      const server = await startMysql({
        flavour: 'mysql',
        settings: { 'innodb-buffer-pool-size': '1G', 'innodb-redo-log-capacity': '1G' },
      });
      const { address, user, password, database } = server;
      const sink = await MaterializeProcess.open(
        'materialize-mysql',
        storedRowsSpec({ address, user, password, database, hardDelete: true }),
      );
      await server.query(`CREATE TABLE h (${columns}, PRIMARY KEY (id)) ${charset}`);
      const versions = ['', ' again'].map((version, index) => {
        const path = join(folder, `rows-${index}.txt`);
        writeStoredRows(path, version);
        return { requests: storedRowRequests(exists, version), path };
      });
      const [first] = versions;
      if (exists && first !== undefined) {
        await sink.transaction([], first.requests);
        await storeByHand(server, first.path);
      }
      const clear = (table: string) => (exists ? [] : server.query(`TRUNCATE TABLE ${table}`));
      // Rows that exist are replaced by others.
      const versionOf = (round: number) => versions[exists ? (round + 1) % 2 : 0];
      return {
        async ours(round) {
          await clear('t');
          return sink.measure(storedRows, () => sink.transaction([], versionOf(round)?.requests ?? []));
        },
        async native(round) {
          await clear('h');
          return storeByHand(server, versionOf(round)?.path ?? '');
        },
        [Symbol.asyncDispose]: async () => {
          await sink[Symbol.asyncDispose]();
          await server[Symbol.asyncDispose]();
          rmSync(folder, { recursive: true, force: true });
        },
      };
    },
  };
}

export const mysqlStoreNew: BenchRow = storeRow('mysql-store-new', 'new rows', false);
export const mysqlStoreExisting: BenchRow = storeRow('mysql-store-existing', 'rows that exist', true);
