// The change stream of the engine over a replication connection: frames in, events out, nothing copied between. A
// batch of frames stays valid until the next one is asked for, so events are views and the engine takes one at a time.

import { JsonBuffer } from '@weir/json-bytes';
import type { Logger } from '@weir/connector';
import {
  type PgConnection,
  type PgOutputChange,
  PgOutputDecoder,
  pgoutputOptions,
  type PgOutputRelation,
  type ReplicationBatch,
  type ReplicationStream as WireStream,
} from '@weir/pgwire';
import type {
  Position,
  ReplicationEvent,
  ReplicationStream,
  StreamHealth,
  TableMetadata,
  TableState,
} from '@weir/sqlcapture';
import { isScanned, type Watershed, watershedOf } from '../backfill/watershed.ts';
import { queryError } from '@weir/postgres';
import type { RowPlan } from '../document/row-plan.ts';
import { type ChangeLsn, TransactionMeta } from '../document/transaction-meta.ts';
import { errors } from '../errors.ts';
import { rowTooLargeError } from '../row-limit.ts';
import { type ChangePart, PgChangeEvent } from './change.ts';
import { LsnPosition } from './lsn-position.ts';
import type { RecentTransactions } from './recent-transactions.ts';
import { StatusReports } from './status-reports.ts';
import { BudgetWatch, Lag, type WalFacts } from './wal-budget.ts';
import { newTexts, untouchedColumns, withValues } from './untouched-values.ts';

const CLOSE_TIMEOUT_MS = 2000;
const SILENCE_LIMIT_MS = 15 * 60_000;

/** What the stream needs to know of the tables; kept by the database. */
export interface StreamTables {
  /** The bound table that the relation is, whatever its mode; by identity, else by name. */
  tableOf(relation: PgOutputRelation): number | undefined;
  /** Whether the types of the relation's columns are known; otherwise `learn` is called before it is used. */
  knows(relation: PgOutputRelation): boolean;
  learn(relation: PgOutputRelation): Promise<void>;
  plan(table: number, relation: PgOutputRelation, keyColumns: readonly string[]): RowPlan;
  /** Whether the columns, the name or the identity differ from what discovery found. */
  hasChanged(table: number, relation: PgOutputRelation): boolean;
  /**
   * The texts of columns of the row with this key as it is now, seen by a snapshot that sees every transaction already
   * streamed; undefined when there is none any more.
   */
  readValues(
    table: number,
    columns: readonly string[],
    key: readonly { readonly column: string; readonly text: string }[],
  ): Promise<readonly (string | null)[] | undefined>;
}

export interface PgReplicationOptions {
  readonly connection: PgConnection;
  readonly slot: string;
  readonly publication: string;
  readonly start: LsnPosition;
  readonly metadata: TableMetadata;
  readonly continues: boolean;
  readonly tables: StreamTables;
  /** Where transactions with changes of bound tables are remembered, until queries see them. */
  readonly recent: RecentTransactions;
  readonly serverPosition: () => Promise<bigint>;
  readonly walFacts: () => Promise<WalFacts>;
  readonly splitKeyUpdates: boolean;
  readonly log: Logger;
  readonly signal: AbortSignal;
}

interface ActiveTable {
  readonly keyColumns: readonly string[];
  watershed: Watershed | undefined;
  isReadInPages: boolean;
  plan: RowPlan | undefined;
  /** What the plan was made for: another table may have had, or get, the name of a bound one. */
  planOf: PgOutputRelation | undefined;
}

interface Arrival {
  readonly table: number;
  readonly plan: RowPlan;
  readonly change: PgOutputChange;
  readonly part: ChangePart;
  readonly lsn: ChangeLsn;
  /** Columns whose values are still to be read. */
  readonly untouched: readonly number[];
}

export class PgReplication implements ReplicationStream {
  readonly start: LsnPosition;
  readonly metadata: TableMetadata;
  readonly continues: boolean;
  readonly #recent: RecentTransactions;
  readonly #options: PgReplicationOptions;
  readonly #decoder = new PgOutputDecoder();
  readonly #active = new Map<number, ActiveTable>();
  readonly #tableOfRelation = new Map<number, number | undefined>();
  readonly #transaction = new TransactionMeta();
  readonly #event: PgChangeEvent;
  readonly #lag = new Lag();
  readonly #budget: BudgetWatch;
  #wire: WireStream | undefined;
  #frames: AsyncIterator<ReplicationBatch> | undefined;
  #status: StatusReports | undefined;
  #acknowledged: bigint;
  #batch: ReplicationBatch | undefined;
  #index = 0;
  #pull: Promise<void> | undefined;
  #failure: unknown;
  #ended = false;
  #interrupt: (() => void) | undefined;
  #inTransaction = false;
  #hasChanges = false;
  /** The second half of a key update; or all of it, when values have to be read from the table. */
  #arrival: Arrival | undefined;
  #unknown: PgOutputRelation | undefined;
  #lastHeardMs = performance.now();
  /** Tables of one TRUNCATE, still to be told. */
  #truncated: number[] = [];

  constructor(options: PgReplicationOptions) {
    this.#options = options;
    this.start = options.start;
    this.metadata = options.metadata;
    this.continues = options.continues;
    this.#recent = options.recent;
    this.#budget = new BudgetWatch(options.log);
    this.#acknowledged = options.start.lsn;
    this.#transaction.previousEndLsn = options.start.lsn;
    this.#event = new PgChangeEvent(new JsonBuffer(), this.#transaction);
  }

  activate(table: number, state: Pick<TableState, 'keyColumns' | 'metadata' | 'mode'>): void {
    const current = this.#active.get(table);
    const keyColumns = state.keyColumns ?? [];
    const isSame = JSON.stringify(current?.keyColumns) === JSON.stringify(keyColumns);
    this.#active.set(table, {
      keyColumns,
      watershed: watershedOf(state.metadata),
      isReadInPages: state.mode === 'KeylessBackfill',
      plan: isSame ? current?.plan : undefined,
      planOf: current?.planOf,
    });
  }

  isPast(metadata: TableMetadata, position: Position): boolean {
    const watershed = watershedOf(metadata);
    return watershed === undefined || position.atLeast(new LsnPosition(watershed.end));
  }

  deactivate(table: number): void {
    this.#active.delete(table);
  }

  async begin(): Promise<void> {
    const { connection, slot, publication, start } = this.#options;
    try {
      this.#wire = await connection.startReplication({
        slot,
        lsn: start.lsn,
        options: pgoutputOptions([publication]),
      });
    } catch (error) {
      throw queryError(error, 'cannot start replication');
    }
    this.#frames = this.#wire[Symbol.asyncIterator]();
    this.#status = new StatusReports(this.#wire, this.#acknowledged);
  }

  acknowledge(position: Position): void {
    if (!(position instanceof LsnPosition)) return;
    if (position.lsn > this.#acknowledged) this.#acknowledged = position.lsn;
    this.#status?.acknowledge(position.lsn);
  }

  async health(position: Position): Promise<StreamHealth> {
    const facts = await this.#options.walFacts();
    const now = performance.now();
    this.#budget.look(facts, now);
    const { commitTimeMs } = this.#transaction;
    const commitMs = commitTimeMs === 0n ? undefined : Number(commitTimeMs);
    const at = position instanceof LsnPosition ? position.lsn : this.#acknowledged;
    return this.#lag.measure(facts, at, now, commitMs);
  }

  async fence(): Promise<Position> {
    const position = new LsnPosition(await this.#options.serverPosition());
    this.nudge();
    return position;
  }

  interrupt(): void {
    this.#interrupt?.();
  }

  nudge(): void {
    this.#status?.send(true);
  }

  next(): ReplicationEvent | undefined {
    const arrival = this.#arrival;
    if (arrival !== undefined) {
      if (arrival.untouched.length > 0) return undefined;
      this.#arrival = undefined;
      return this.#event.set(arrival.table, arrival.plan, arrival.change, arrival.part, arrival.lsn);
    }
    if (this.#truncated.length > 0) {
      const [table = 0] = this.#truncated.splice(0, 1);
      return { kind: 'truncated', table };
    }
    const batch = this.#batch;
    if (batch === undefined || this.#unknown !== undefined) return undefined;
    while (this.#index < batch.count) {
      const index = this.#index;
      this.#index += 1;
      if (batch.isKeepalive(index)) {
        if (batch.replyRequested(index)) this.#status?.send(false);
        if (this.#inTransaction) continue;
        return { kind: 'keepalive', position: new LsnPosition(batch.walEnd(index)) };
      }
      if (!batch.isData(index)) continue;
      const event = this.#decode(batch, index);
      if (event !== undefined) return event;
      if (this.#unknown !== undefined || this.#arrival !== undefined) return undefined;
    }
    this.#batch = undefined;
    return undefined;
  }

  #decode(batch: ReplicationBatch, index: number): ReplicationEvent | undefined {
    const message = this.#decoder.decode(batch.bytes, batch.payloadStart(index), batch.payloadEnd(index));
    switch (message.kind) {
      case 'insert':
      case 'update':
      case 'delete':
        return this.#change(message, batch.walStart(index));
      case 'begin':
        if (this.#inTransaction) throw protocolError('a transaction within a transaction');
        this.#inTransaction = true;
        this.#hasChanges = false;
        this.#transaction.begin(message.finalLsn, message.commitTimeMicros, message.xid);
        return undefined;
      case 'commit':
        if (!this.#inTransaction) throw protocolError('a commit without a transaction');
        this.#inTransaction = false;
        this.#transaction.previousEndLsn = message.endLsn;
        if (this.#hasChanges) this.#recent.add(this.#transaction.xid);
        return { kind: 'commit', position: new LsnPosition(message.endLsn) };
      case 'relation':
        return this.#relation(message.relation);
      case 'truncate':
        this.#truncated = message.relations.flatMap(({ id }) => {
          const table = this.#tableOfRelation.get(id);
          const active = table === undefined ? undefined : this.#active.get(table);
          if (table === undefined || active === undefined) return [];
          // The scan reads what came after it.
          if (active.watershed !== undefined && isScanned(active.watershed, this.#transaction.xid)) return [];
          return [table];
        });
        if (this.#truncated.length === 0) return undefined;
        this.#hasChanges = true;
        return this.next();
      case 'type':
      case 'origin':
      case 'message':
        return undefined;
      default:
        return undefined;
    }
  }

  #change(change: PgOutputChange, walStart: ChangeLsn): ReplicationEvent | undefined {
    const table = this.#tableOfRelation.get(change.relation.id);
    const active = table === undefined ? undefined : this.#active.get(table);
    if (table === undefined) return undefined;
    this.#hasChanges = true;
    if (active === undefined) return undefined;
    if (active.watershed !== undefined && isScanned(active.watershed, this.#transaction.xid))
      return undefined;
    if (active.plan === undefined || active.planOf !== change.relation) {
      active.plan = this.#options.tables.plan(table, change.relation, active.keyColumns);
      active.planOf = change.relation;
    }
    change.readTuples();
    const { plan } = active;
    const lsn = this.#transaction.nextLsn(walStart);
    if (change.kind === 'update') {
      const hasMoved =
        change.oldKind !== 'none' && plan.keyChanged(change.bytes, change.oldTuple, change.newTuple);
      const untouched = hasMoved || mayBeUnread(active, plan) ? untouchedColumns(change) : [];
      if (hasMoved && this.#options.splitKeyUpdates) {
        const next = this.#transaction.nextLsn(walStart);
        this.#arrival = { table, plan, change, part: 'arrival', lsn: next, untouched };
        return this.#event.set(table, plan, change, 'departure', lsn);
      }
      if (untouched.length > 0) {
        this.#arrival = { table, plan, change, part: 'whole', lsn, untouched };
        return undefined;
      }
    }
    return this.#event.set(table, plan, change, 'whole', lsn);
  }

  #relation(relation: PgOutputRelation): ReplicationEvent | undefined {
    const { tables } = this.#options;
    const table = tables.tableOf(relation);
    this.#tableOfRelation.set(relation.id, table);
    if (table === undefined) return undefined;
    if (!tables.knows(relation)) {
      this.#unknown = relation;
      if (this.#inTransaction) this.#recent.add(this.#transaction.xid);
    }
    return tables.hasChanged(table, relation) ? { kind: 'tableChanged', table } : undefined;
  }

  async wait(timeoutMs: number): Promise<void> {
    if (this.#failure !== undefined) throw this.#failure;
    if (this.#unknown !== undefined) {
      await this.#options.tables.learn(this.#unknown);
      this.#unknown = undefined;
      return;
    }
    if (this.#arrival !== undefined) return this.#completeArrival(this.#arrival);
    if (this.#batch !== undefined) return;
    if (this.#ended) throw errors.PG_CONNECTION_LOST({ message: 'the server ended the replication stream' });
    this.#pull ??= this.#pullBatch();
    const { signal } = this.#options;
    let timer: NodeJS.Timeout | undefined;
    let onAbort: (() => void) | undefined;
    const pause = new Promise<void>((resolve) => {
      timer = setTimeout(resolve, timeoutMs);
      onAbort = resolve;
      this.#interrupt = resolve;
      signal.addEventListener('abort', onAbort);
    });
    try {
      await Promise.race([this.#pull, pause]);
    } finally {
      clearTimeout(timer);
      if (onAbort !== undefined) signal.removeEventListener('abort', onAbort);
    }
    if (this.#failure !== undefined) throw this.#failure;
    if (performance.now() - this.#lastHeardMs > SILENCE_LIMIT_MS) {
      throw errors.PG_STREAM_SILENT({
        message: `the server has sent nothing on the replication connection for ${SILENCE_LIMIT_MS / 60_000} minutes`,
      });
    }
  }

  async #completeArrival(arrival: Arrival): Promise<void> {
    const { table, plan, change, untouched } = arrival;
    if (untouched.length === 0) return;
    const name = (column: number) => change.relation.columns[column]?.name ?? '';
    const texts = newTexts(change, plan.collectionKey);
    const key = plan.collectionKey.map((column, i) => ({ column: name(column), text: texts[i] ?? '' }));
    this.#recent.add(this.#transaction.xid);
    const values = await this.#options.tables.readValues(table, untouched.map(name), key);
    const completed = values === undefined ? change : withValues(change, untouched, values);
    this.#arrival = { ...arrival, change: completed, untouched: [] };
  }

  /** Never rejects, since nobody may be waiting when it fails. */
  async #pullBatch(): Promise<void> {
    try {
      const result = await this.#frames?.next();
      this.#lastHeardMs = performance.now();
      if (result === undefined || result.done === true) this.#ended = true;
      else {
        this.#batch = result.value;
        this.#index = 0;
      }
    } catch (error) {
      this.#failure = rowTooLargeError(error, 'a published table') ?? queryError(error, 'replication failed');
    } finally {
      this.#pull = undefined;
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#status?.stop();
    const { connection } = this.#options;
    if (connection.isClosed) return;
    // A server in the middle of a huge transaction may not read our good-bye; it notices the closed socket.
    let timer: NodeJS.Timeout | undefined;
    const patience = new Promise<void>((resolve) => {
      timer = setTimeout(resolve, CLOSE_TIMEOUT_MS);
    });
    await Promise.race([connection.close().catch(() => undefined), patience]);
    clearTimeout(timer);
    connection.destroy();
  }
}

/**
 * Whether an update may be of a row that the collection has not, and will not get from the scan: the row may move to a page
 * that was read before. Without a key there is nothing to merge with anyway, nor to find the row by.
 */
function mayBeUnread({ isReadInPages }: ActiveTable, { collectionKey }: RowPlan): boolean {
  return isReadInPages && collectionKey.length > 0;
}

function protocolError(what: string) {
  return errors.PG_CONNECTION_LOST({ message: `the replication stream holds ${what}` });
}
