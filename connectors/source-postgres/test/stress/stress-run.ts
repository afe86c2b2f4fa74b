// One seed from beginning to end: tables that are written to, a capture of them that ends in all kinds of ways and goes
// on, and at last the comparison. Leaves nothing behind on the server.

import { setTimeout as delay } from 'node:timers/promises';
import { PgConnectionError } from '@weir/pgwire';
import { FALLBACK_KEY } from '@weir/sqlcapture';
import type { PostgresServer } from '@weir/testing';
import { endpointConfig, type HarnessBinding } from '../capture-harness.ts';
import { type Collection, shortened } from './collection.ts';
import { TcpProxy } from '../tcp-proxy.ts';
import { Dice } from './dice.ts';
import { chooseEnding, type Ending } from './endings.ts';
import { keyedProblems } from './keyed-check.ts';
import { keylessProblems } from './keyless-check.ts';
import { ledgerSql, readLedger } from './ledger.ts';
import { orderProblems } from './order-check.ts';
import { initialRows } from './statements.ts';
import { keyTypesSql } from './stress-key.ts';
import type { StressPlan } from './stress-plan.ts';
import { StressTable } from './stress-table.ts';
import { StressedCapture } from './stressed-capture.ts';
import { readRows } from './table-rows.ts';
import { Workload } from './workload.ts';

/** Errors that a process of the capture may end with, since each of them is provoked. */
const provoked =
  /^$|^(PG_CONNECTION_LOST|PG_SERVER_UNAVAILABLE|PG_UNREACHABLE|SQL_TABLE_RENEWED|SQL_TABLE_NOT_FOUND|PG_TABLE_UNREADABLE|SQL_TABLE_TRUNCATED|SQL_TABLE_REWRITTEN): /;
/** A capture that commits nothing for so long, with changes to come, is stuck. */
const STANDSTILL_MS = 60_000;
/** For the checkpoints of a process that is to be ended after them: it may have none left to send. */
const MOST_PATIENCE_MS = 15_000;
const SENTINEL = 'sentinel';

export interface StressReport {
  /** What differs, or ''. */
  readonly problems: string;
  /** What happened, in one line. */
  readonly summary: string;
}

export async function runStress(server: PostgresServer, plan: StressPlan): Promise<StressReport> {
  const run = new StressRun(server, plan);
  try {
    return await run.run();
  } finally {
    await run.clean();
  }
}

class StressRun {
  readonly #server: PostgresServer;
  readonly #plan: StressPlan;
  readonly #dice: Dice;
  readonly #ledger: string;
  readonly #tables: readonly StressTable[];
  readonly #endings: string[] = [];
  #capture: StressedCapture | undefined;

  constructor(server: PostgresServer, plan: StressPlan) {
    this.#server = server;
    this.#plan = plan;
    this.#dice = new Dice(plan.seed + 1_000_000);
    this.#ledger = `${plan.schema}_ledger`;
    this.#tables = plan.tables.map((table) => new StressTable(table, plan.schema, plan.asPartitions));
  }

  async run(): Promise<StressReport> {
    await this.#createTables();
    await using proxy = await TcpProxy.before(this.#server);
    const capture = new StressedCapture({
      config: this.#config(proxy.address),
      bindings: this.#bindings(),
      acknowledging: this.#plan.acknowledging,
      snapshot: () => this.#snapshot(),
      dice: this.#dice.fork(),
    });
    this.#capture = capture;
    await using workload = new Workload({
      connect: () => this.#server.connect(),
      tables: this.#tables,
      ledger: this.#ledger,
      schema: this.#plan.schema,
      dice: this.#dice.fork(),
    });
    workload.start(this.#plan.sessions);
    for (let life = 0; life < this.#plan.lives; life += 1) {
      const ending = chooseEnding(this.#dice);
      capture.start(ending.crashPoint);
      await this.#strike(capture, proxy, ending);
      await this.#settle(capture);
    }
    capture.start(undefined);
    const { replacements } = workload;
    await capture.until(() => false, this.#dice.between(200, 1500));
    await workload.stop();
    await this.#catchUp(capture, workload.replacements > replacements);
    const problems = await this.#compare(capture);
    const documents = capture.committed.groups.reduce((sum, group) => sum + group.documents.length, 0);
    const summary = `${workload.transactions} transactions, ${documents} documents in ${capture.committed.groups.length} checkpoints; ${this.#endings.join(', ')}`;
    return { problems, summary };
  }

  async #createTables(): Promise<void> {
    const { schema, readOnly, asPartitions } = this.#plan;
    const publication = `CREATE PUBLICATION ${schema} FOR TABLES IN SCHEMA ${schema} WITH (publish_via_partition_root = ${!asPartitions});`;
    await this.#query(`
      ${keyTypesSql} CREATE SCHEMA ${schema}; ${ledgerSql(this.#ledger)} ${readOnly ? publication : ''}
      CREATE TABLE ${schema}.${SENTINEL} (id int PRIMARY KEY);
      ${this.#tables.map((table) => `${table.createSql(this.#ledger)} ${initialRows(table)};`).join('\n')}`);
  }

  #config(address: string): Record<string, unknown> {
    const plan = this.#plan;
    return {
      ...endpointConfig(this.#server, { historyMode: plan.historyMode }),
      address,
      advanced: {
        slotName: plan.schema,
        publicationName: plan.schema,
        backfill_chunk_size: plan.chunkRows,
        read_only_capture: plan.readOnly,
        capture_as_partitions: plan.asPartitions,
        on_truncate: plan.onTruncate,
        on_replaced: plan.onReplaced,
        backfill_connections: plan.backfillConnections,
        watermarksTable: `${plan.schema}.watermarks`,
        feature_flags: [
          ...(plan.splitKeyUpdates ? [] : ['no_split_key_updates']),
          ...(plan.watermarks ? ['watermarks'] : []),
          ...(plan.growsChunks ? ['lengthen_chunks'] : []),
        ].join(','),
      },
    };
  }

  #bindings(): HarnessBinding[] {
    const bindings = this.#tables.flatMap(({ plan, streams }) =>
      streams.map((stream) => ({
        resource: { namespace: this.#plan.schema, stream, mode: plan.mode },
        key: plan.isKeyed ? plan.columns.map(({ name }) => `/${name}`) : FALLBACK_KEY,
        documentSchema: '{}',
      })),
    );
    const sentinel = { namespace: this.#plan.schema, stream: SENTINEL };
    return [...bindings, { resource: sentinel, key: ['/id'], documentSchema: '{}' }];
  }

  async #snapshot(): Promise<string | undefined> {
    const rows = await this.#server.query('SELECT pg_current_snapshot()::text AS s').catch(() => []);
    return rows[0]?.['s'] ?? undefined;
  }

  async #strike(capture: StressedCapture, proxy: TcpProxy, ending: Ending): Promise<void> {
    const enough = capture.committed.groups.length + ending.checkpoints;
    await capture.until(() => capture.committed.groups.length >= enough, MOST_PATIENCE_MS);
    await capture.until(() => false, ending.ms);
    if (capture.hasEnded) {
      this.#endings.push(ending.crashPoint ?? 'by itself');
      return;
    }
    this.#endings.push(ending.blow);
    switch (ending.blow) {
      case 'kill':
        capture.kill('SIGKILL');
        break;
      case 'ask to end':
        capture.kill('SIGTERM');
        break;
      case 'cut connections':
        proxy.cut();
        break;
      case 'end a server process':
        await this.#query(
          `SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'estuary_flow'
              AND backend_type = '${this.#dice.pick(['walsender', 'client backend'])}'`,
        );
        break;
      case 'kill the server':
        await this.#server.kill9();
        await delay(this.#dice.below(200));
        await this.#server.start();
        break;
      case 'restart the server':
        await this.#server.stop('fast');
        await this.#server.start();
        break;
      default:
        break;
    }
    // It may have been between two connections.
    if (!(await this.#hasEnded(capture, 5000))) capture.kill('SIGKILL');
  }

  async #hasEnded(capture: StressedCapture, timeoutMs: number): Promise<boolean> {
    await capture.until(() => false, timeoutMs);
    return capture.hasEnded;
  }

  /** Between two processes: the runtime has committed so much, and its user sees to what the last one ended with. */
  async #settle(capture: StressedCapture): Promise<void> {
    const failure = await capture.end();
    if (!provoked.test(failure))
      throw new Error(`the capture ended with ${failure}\n${capture.log.slice(-12).join('\n')}`);
    await this.#checkSlot(capture);
    const { committed } = capture;
    const ended = /^SQL_TABLE_(?:TRUNCATED|REWRITTEN): .*the table \S+\.(\S+) was/.exec(failure)?.[1];
    if (ended !== undefined) capture.reset(ended);
    else if (this.#dice.chance(0.5)) {
      capture.keep(this.#dice.between(committed.settled, committed.groups.length));
    } else if (this.#dice.chance(0.15)) {
      const [first = SENTINEL, ...others] = this.#tables.flatMap(({ streams }) => streams);
      capture.reset(this.#dice.pick([first, ...others]));
    }
    if (/^(SQL_TABLE_NOT_FOUND|PG_TABLE_UNREADABLE)/.test(failure)) await delay(200);
  }

  /** The server keeps what was not acknowledged. */
  async #checkSlot({ committed }: StressedCapture): Promise<void> {
    const settled = committed.groups[committed.settled - 1]?.cursor;
    if (settled === undefined || settled === 0n) return;
    const [slot] = await this.#query(
      `SELECT (confirmed_flush_lsn - '0/0')::text AS at FROM pg_replication_slots WHERE slot_name = $1`,
      [this.#plan.schema],
    );
    const confirmed = BigInt(slot?.['at'] ?? 0);
    if (confirmed > settled)
      throw new Error(`the slot is at ${confirmed}, and only ${settled} was acknowledged`);
  }

  /** Until everything written has come, with new processes where one ends by what was written. */
  async #catchUp(capture: StressedCapture, needsRestart: boolean): Promise<void> {
    await this.#query(`INSERT INTO ${this.#plan.schema}.${SENTINEL} VALUES (1)`);
    if (needsRestart) capture.kill('SIGKILL');
    const isThrough = () =>
      capture.activeStreams().length === capture.bindings.length &&
      capture.committed.groups.some(({ documents }) => documents.some(({ stream }) => stream === SENTINEL));
    for (let processes = 0; ; processes += 1) {
      if (await this.#untilThrough(capture, isThrough)) break;
      if (!capture.hasEnded || processes > 8)
        throw new Error(
          `the capture does not catch up after ${processes} more processes\n${capture.log.slice(-12).join('\n')}`,
        );
      await this.#settle(capture);
      capture.start(undefined);
    }
    capture.kill('SIGTERM');
    await capture.end();
  }

  /** As long as it goes on, it may take its time. */
  async #untilThrough(capture: StressedCapture, isThrough: () => boolean): Promise<boolean> {
    for (let checkpoints = -1; checkpoints < capture.committed.groups.length;) {
      checkpoints = capture.committed.groups.length;
      if (await capture.until(isThrough, STANDSTILL_MS)) return true;
      if (capture.hasEnded) return false;
    }
    return false;
  }

  async #compare(capture: StressedCapture): Promise<string> {
    const { groups } = capture.committed;
    const problems = orderProblems(groups);
    await using connection = await this.#server.connect();
    for (const table of this.#tables) {
      for (const stream of table.streams) {
        const from = capture.resetAt.get(stream) ?? 0;
        const collection: Collection = {
          plan: this.#plan,
          table: table.plan,
          stream,
          documents: groups.flatMap((group, index) =>
            index < from
              ? []
              : group.documents
                  .filter((each) => each.stream === stream)
                  .map((each) => ({ ...each, group: index })),
          ),
          notes: await readLedger(
            connection,
            this.#ledger,
            stream,
            capture.activeSince.get(stream)?.snapshot,
          ),
          rows: await readRows(connection, `${this.#plan.schema}.${stream}`, table.plan),
        };
        problems.push(...(table.plan.isKeyed ? keyedProblems(collection) : keylessProblems(collection)));
      }
    }
    return shortened(problems);
  }

  /** The connection of before may not have outlived the server. */
  #query(sql: string, parameters?: readonly string[]): Promise<Record<string, string | null>[]> {
    const query = () => this.#server.query(sql, parameters);
    return query().catch((error: unknown) => {
      if (error instanceof PgConnectionError) return query();
      throw error;
    });
  }

  async clean(): Promise<void> {
    const { schema } = this.#plan;
    this.#capture?.kill('SIGKILL');
    await this.#capture?.end();
    await this.#query(
      `SELECT pg_terminate_backend(active_pid) FROM pg_replication_slots WHERE slot_name = '${schema}' AND active`,
    );
    for (let tries = 0; ; tries += 1) {
      const [slot] = await this.#query(
        `SELECT active FROM pg_replication_slots WHERE slot_name = '${schema}'`,
      );
      if (slot === undefined) break;
      if (slot['active'] === 'f') await this.#query(`SELECT pg_drop_replication_slot('${schema}')`);
      else await delay(20);
      if (tries > 500) throw new Error('the slot stays active');
    }
    await this.#query(
      `DROP PUBLICATION IF EXISTS ${schema}; DROP SCHEMA IF EXISTS ${schema} CASCADE; DROP SCHEMA IF EXISTS ${this.#ledger} CASCADE`,
    );
  }
}
