// The change stream of the engine over a replication connection: frames in, events out, nothing copied between. A
// batch of frames stays valid until the next one is asked for, so events are views and the engine takes one at a time.

import type { Logger } from '@weir/connector';
import {
  type PgConnection,
  type PgOutputChange,
  type PgOutputCommit,
  PgOutputDecoder,
  type PgOutputMessage,
  pgoutputOptions,
  type PgOutputRelation,
  type ReplicationBatch,
  type ReplicationStream as WireStream,
} from '@weir/pgwire';
import type {
  CommitEvent,
  KeepaliveEvent,
  Position,
  ReplicationEvent,
  ReplicationStream,
  StreamHealth,
  TableMetadata,
  TableState,
  WantedChanges,
} from '@weir/sqlcapture';
import { watershedOf } from '../backfill/watershed.ts';
import { queryError } from '@weir/postgres';
import type { RowPlan } from '../document/row-plan.ts';
import { type ChangeLsn, TransactionMeta } from '../document/transaction-meta.ts';
import { errors } from '../errors.ts';
import { ArrivingBatches } from './arriving-batches.ts';
import { ChangeBatch, type ChangePart } from './change-batch.ts';
import { ChangeRoutes, type Route } from './change-routes.ts';
import { LsnPosition } from './lsn-position.ts';
import type { RecentTransactions } from './recent-transactions.ts';
import type { RowKeyPart, RowValue } from './row-values.ts';
import { StatusReports } from './status-reports.ts';
import { BudgetWatch, Lag, type WalFacts } from './wal-budget.ts';
import { newTexts, untouchedColumns, withValues } from './untouched-values.ts';
import type { Watermarks } from './watermarks.ts';

const CLOSE_TIMEOUT_MS = 2000;

/** What the stream needs to know of the tables; kept by the database. */
export interface StreamTables {
  /** The bound table that the relation is, whatever its mode; by identity, else by name. */
  tableOf(relation: PgOutputRelation): number | undefined;
  /** Whether the types of the relation's columns are known; otherwise `learn` is called before it is used. */
  knows(relation: PgOutputRelation): boolean;
  learn(relation: PgOutputRelation): Promise<void>;
  plan(table: number, relation: PgOutputRelation, keyColumns: readonly string[]): RowPlan;
  /** Throws when the old row, of which the server sent the replica identity only, lacks the key of the collection. */
  checkOldKey(change: PgOutputChange, plan: RowPlan): void;
  /** Whether the columns, the name or the identity differ from what discovery found. */
  hasChanged(table: number, relation: PgOutputRelation): boolean;
  /**
   * Values of the row with this key as it is now, seen by a snapshot that sees every transaction already streamed;
   * undefined when there is none any more.
   */
  readValues(
    table: number,
    columns: readonly string[],
    key: readonly RowKeyPart[],
  ): Promise<readonly RowValue[] | undefined>;
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
  /** If given, positions come from commits only, and a watermark brings one about. Closed with the stream. */
  readonly watermarks: Watermarks | undefined;
  readonly splitKeyUpdates: boolean;
  readonly log: Logger;
  readonly signal: AbortSignal;
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
  readonly #routes: ChangeRoutes;
  readonly #transaction = new TransactionMeta();
  readonly #changes = new ChangeBatch(this.#transaction);
  readonly #lag = new Lag();
  readonly #budget: BudgetWatch;
  #wire: WireStream | undefined;
  #arriving: ArrivingBatches | undefined;
  #status: StatusReports | undefined;
  #acknowledged: bigint;
  #index = 0;
  #isDisposed = false;
  #inTransaction = false;
  #hasChanges = false;
  /** The second half of a key update, or all of it, whose values have to be read from the table first. */
  #arrival: Arrival | undefined;
  #unknown: PgOutputRelation | undefined;
  /** Tables of one TRUNCATE, still to be told. */
  #truncated: number[] = [];

  constructor(options: PgReplicationOptions) {
    this.#options = options;
    this.#routes = new ChangeRoutes((...of) => options.tables.plan(...of));
    this.start = options.start;
    this.metadata = options.metadata;
    this.continues = options.continues;
    this.#recent = options.recent;
    this.#budget = new BudgetWatch(options.log);
    this.#acknowledged = options.start.lsn;
    this.#transaction.previousEndLsn = options.start.lsn;
  }

  activate(table: number, state: Pick<TableState, 'keyColumns' | 'metadata' | 'mode'>): void {
    this.#routes.activate(table, state);
  }

  isPast(metadata: TableMetadata, position: Position): boolean {
    const watershed = watershedOf(metadata);
    return watershed === undefined || position.atLeast(new LsnPosition(watershed.end));
  }

  deactivate(table: number): void {
    this.#routes.deactivate(table);
  }

  async begin(): Promise<void> {
    const { connection, slot, publication, start, signal } = this.#options;
    try {
      this.#wire = await connection.startReplication({
        slot,
        lsn: start.lsn,
        options: pgoutputOptions([publication]),
      });
    } catch (error) {
      throw queryError(error, 'cannot start replication');
    }
    this.#arriving = new ArrivingBatches(this.#wire, signal);
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
    this.#arriving?.interrupt();
  }

  nudge(): void {
    const { watermarks } = this.#options;
    if (watermarks === undefined || watermarks.isUnderWay) this.#status?.send(true);
    watermarks?.write().catch((error: unknown) => {
      if (!this.#isDisposed) this.#arriving?.fail(error);
    });
  }

  next(wanted: (table: number) => WantedChanges): ReplicationEvent | undefined {
    const changes = this.#changes;
    const arrival = this.#arrival;
    if (arrival !== undefined) {
      if (arrival.untouched.length > 0) return undefined;
      this.#arrival = undefined;
      changes.begin(arrival.table, wanted(arrival.table));
      changes.add(arrival.plan, arrival.change, arrival.part, arrival.lsn);
      return changes;
    }
    if (this.#truncated.length > 0) {
      const [table = 0] = this.#truncated.splice(0, 1);
      return { kind: 'truncated', table };
    }
    const batch = this.#arriving?.current;
    if (batch === undefined || this.#unknown !== undefined) return undefined;
    let isBegun = false;
    for (; this.#index < batch.count; this.#index += 1) {
      const index = this.#index;
      if (batch.isKeepalive(index)) {
        if (batch.replyRequested(index)) this.#status?.answer(batch.walEnd(index));
        if (this.#inTransaction) continue;
        const walEnd = batch.walEnd(index);
        this.#options.watermarks?.passed(walEnd);
        if (this.#options.watermarks !== undefined) continue;
        this.#index += 1;
        return { kind: 'keepalive', position: new LsnPosition(walEnd) };
      }
      if (!batch.isData(index)) continue;
      const message = this.#decoder.decode(batch.bytes, batch.payloadStart(index), batch.payloadEnd(index));
      if (message.kind === 'insert' || message.kind === 'update' || message.kind === 'delete') {
        const route = this.#routeOf(message);
        if (route === undefined) continue;
        if (!isBegun) {
          isBegun = true;
          changes.begin(route.table, wanted(route.table));
        } else if (changes.table !== route.table || changes.isFull) return changes;
        this.#change(route, message, batch.walStart(index));
        if (this.#arrival === undefined) continue;
        this.#index += 1;
        return changes;
      }
      // What was gathered comes first.
      if (isBegun) return changes;
      const event =
        message.kind === 'commit'
          ? this.#commit(message, isCommitFollowed(batch, index))
          : this.#event(message);
      if (event === undefined && this.#unknown === undefined) continue;
      this.#index += 1;
      return event;
    }
    this.#arriving?.drop();
    this.#index = 0;
    return isBegun ? changes : undefined;
  }

  #event(message: PgOutputMessage): ReplicationEvent | undefined {
    switch (message.kind) {
      case 'begin':
        if (this.#inTransaction) throw protocolError('a transaction within a transaction');
        this.#inTransaction = true;
        this.#hasChanges = false;
        this.#transaction.begin(message.finalLsn, message.commitTimeMicros, message.xid);
        return undefined;
      case 'relation':
        return this.#relation(message.relation);
      case 'truncate': {
        const truncated = this.#routes.truncated(message.relations, this.#transaction.xid);
        const [table, ...others] = truncated;
        if (table === undefined) return undefined;
        this.#hasChanges = true;
        this.#truncated = others;
        return { kind: 'truncated', table };
      }
      case 'type':
      case 'origin':
      case 'message':
      case 'streamAbort':
        return undefined;
      default:
        return undefined;
    }
  }

  /** With watermarks, one of nothing that is captured says what a keepalive says otherwise. */
  #commit({ endLsn }: PgOutputCommit, isFollowed: boolean): CommitEvent | KeepaliveEvent {
    if (!this.#inTransaction) throw protocolError('a commit without a transaction');
    this.#inTransaction = false;
    this.#transaction.previousEndLsn = endLsn;
    if (this.#hasChanges) this.#recent.add(this.#transaction.xid);
    const position = new LsnPosition(endLsn);
    if (this.#options.watermarks !== undefined && !this.#hasChanges) return { kind: 'keepalive', position };
    return { kind: 'commit', position, isFollowed };
  }

  /** Where a change goes; undefined when it is nobody's, or the scan's. */
  #routeOf(change: PgOutputChange): Route | undefined {
    const table = this.#routes.tableOf(change.relation);
    if (table === undefined) {
      this.#options.watermarks?.streamed(change);
      return undefined;
    }
    this.#hasChanges = true;
    return this.#routes.of(change, table, this.#transaction.xid);
  }

  #change({ table, plan, mayBeUnread }: Route, change: PgOutputChange, walStart: ChangeLsn): void {
    change.readTuples();
    const lsn = this.#transaction.nextLsn(walStart);
    const { kind, bytes, oldKind, oldTuple, newTuple } = change;
    if (oldKind === 'key') this.#options.tables.checkOldKey(change, plan);
    const hasMoved = kind === 'update' && oldKind !== 'none' && plan.keyChanged(bytes, oldTuple, newTuple);
    const untouched = hasMoved || (kind === 'update' && mayBeUnread) ? untouchedColumns(change) : [];
    if (hasMoved && this.#options.splitKeyUpdates) {
      this.#changes.add(plan, change, 'departure', lsn);
      const next = this.#transaction.nextLsn(walStart);
      if (untouched.length === 0) this.#changes.add(plan, change, 'arrival', next);
      else this.#arrival = { table, plan, change, part: 'arrival', lsn: next, untouched };
    } else if (untouched.length === 0) this.#changes.add(plan, change, 'whole', lsn);
    else this.#arrival = { table, plan, change, part: 'whole', lsn, untouched };
  }

  #relation(relation: PgOutputRelation): ReplicationEvent | undefined {
    const { tables } = this.#options;
    const table = tables.tableOf(relation);
    this.#routes.identify(relation, table);
    if (table === undefined) return undefined;
    if (!tables.knows(relation)) {
      this.#unknown = relation;
      if (this.#inTransaction) this.#recent.add(this.#transaction.xid);
    }
    return tables.hasChanged(table, relation) ? { kind: 'tableChanged', table } : undefined;
  }

  async wait(timeoutMs: number): Promise<void> {
    if (this.#unknown !== undefined) {
      await this.#options.tables.learn(this.#unknown);
      this.#unknown = undefined;
      return;
    }
    if (this.#arrival !== undefined) return this.#completeArrival(this.#arrival);
    await this.#arriving?.wait(timeoutMs);
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

  async [Symbol.asyncDispose](): Promise<void> {
    this.#isDisposed = true;
    this.#status?.stop();
    const { connection, watermarks } = this.#options;
    await watermarks?.[Symbol.asyncDispose]();
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

/** By message type, without decoding: `C` is a commit. */
function isCommitFollowed(batch: ReplicationBatch, index: number): boolean {
  for (let later = index + 1; later < batch.count; later += 1) {
    if (batch.isData(later) && batch.bytes[batch.payloadStart(later)] === 0x43) return true;
  }
  return false;
}

function protocolError(what: string) {
  return errors.PG_CONNECTION_LOST({ message: `the replication stream holds ${what}` });
}
