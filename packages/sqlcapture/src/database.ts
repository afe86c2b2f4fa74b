// What the engine asks of a database. An implementation turns wire bytes into JSON documents by itself; the engine
// decides which of them leave, in what order, and what state they amount to.

import type { StreamId } from './stream-id.ts';
import type { TableInfo } from './table-info.ts';
import type { SqlBinding } from './binding.ts';
import type { TableMetadata, TableState } from './state.ts';

/** A point in the change log. */
export interface Position {
  /** The text that the state keeps and `openReplication` takes. */
  toString(): string;
  /** Whether everything up to and including `other` lies at or before this position. */
  atLeast(other: Position): boolean;
}

/**
 * Rows of one table were created, updated or deleted, one after the other in one transaction. Stands for no change at all
 * when all of them were passed over. The object and its buffers are reused: they are valid until the next call of `next()`.
 */
export interface ChangesEvent {
  readonly kind: 'changes';
  /** Position of the binding in the list given to `openReplication`. */
  readonly table: number;
  readonly count: number;
  /** JSON documents, in the order of the changes. */
  readonly documents: ByteList;
  /** The packed keys of the rows, where they are wanted. */
  readonly keys: ByteList | undefined;
}

/** Which changes of a table are wanted: all, all with their keys, none, or those of rows whose packed key is at most this one. */
export type WantedChanges = 'all' | 'keyed' | 'none' | Buffer;

/** Every change of the transaction has been delivered, and no other transaction is open. */
export interface CommitEvent {
  readonly kind: 'commit';
  readonly position: Position;
  /** The commit of a later transaction has arrived as well. */
  readonly isFollowed: boolean;
}

/** No transaction is open, and every transaction that committed before `position` has been delivered. */
export interface KeepaliveEvent {
  readonly kind: 'keepalive';
  readonly position: Position;
}

/** The columns or the name of a table changed, or another table has its name: what discovery said of it is out of date. */
export interface TableChangedEvent {
  readonly kind: 'tableChanged';
  readonly table: number;
}

/** All rows of the table went at once, without a change for each. */
export interface TruncatedEvent {
  readonly kind: 'truncated';
  readonly table: number;
}

export type ReplicationEvent =
  | ChangesEvent
  | CommitEvent
  | KeepaliveEvent
  | TableChangedEvent
  | TruncatedEvent;

/** How far the stream is behind its source. */
export interface StreamHealth {
  readonly behindBytes: number;
  readonly behindMs: number;
  /** What the database has to say besides, for a structured event. */
  readonly details: Readonly<Record<string, unknown>>;
}

export interface ReplicationStream extends AsyncDisposable {
  /** Where the stream starts: the cursor it was opened with, or the position of a new one. */
  readonly start: Position;
  /** Facts to keep with the state of every table, by which a later start recognises this database. */
  readonly metadata: TableMetadata;
  /** Whether the identities of tables in the state are of this database; not so when a start was forced on it. */
  readonly continues: boolean;
  /**
   * From here on the changes of this table are delivered, over the key columns of its state. When its metadata hold a
   * watershed, those of transactions that the watershed leaves to the scan are passed over. In the mode KeylessBackfill,
   * and along columns that are not all in the collection's key, updates come whole where they can be merged, since the scan may
   * never meet the row of one. Told again when the table has been read.
   */
  activate(table: number, state: Pick<TableState, 'keyColumns' | 'metadata' | 'mode'>): void;
  deactivate(table: number): void;
  /** Whether no change after `position` belongs to a transaction that the watershed of `metadata` leaves to the scan. */
  isPast(metadata: TableMetadata, position: Position): boolean;
  /** Begins to receive. */
  begin(): Promise<void>;
  /**
   * The next event that has already arrived, or undefined. Of each table only the changes are delivered that are wanted by
   * then, by the key over the key columns of its state.
   */
  next(wanted: (table: number) => WantedChanges): ReplicationEvent | undefined;
  /** Resolves when `next()` may have something, or after `timeoutMs`. Throws when the stream has failed. */
  wait(timeoutMs: number): Promise<void>;
  /** A `wait()` that is pending resolves soon. */
  interrupt(): void;
  /** A position that covers everything committed before this call, and a request that the stream soon says it got there. */
  fence(): Promise<Position>;
  /** Asks for a keepalive event now. */
  nudge(): void;
  /** With the stream at this position. Warns by itself of what the source keeps for it. */
  health(position: Position): Promise<StreamHealth>;
  /** Everything up to this position is durable downstream; the database may forget it. */
  acknowledge(position: Position): void;
}

export interface ScanRequest {
  readonly table: number;
  readonly mode: 'keyed' | 'keyless';
  /** Rows are wanted in an order in which packed keys never decrease. */
  readonly precise: boolean;
  /** Of the length of a usual chunk; more than 0. */
  readonly share: number;
  readonly state: TableState;
  /** Nobody wants the rows any more: the scan ends, by throwing or otherwise, and leaves nothing behind. */
  readonly signal: AbortSignal;
}

/** Byte strings one after the other: the first starts at 0, the n-th ends before `ends[n]`. */
export interface ByteList {
  readonly bytes: Buffer;
  readonly ends: ArrayLike<number>;
}

/** Where a scan delivers its rows. Meanwhile the stream goes on, on other connections. */
export interface RowSink {
  /**
   * Once, to be awaited before the first row: what the snapshots of the scan see was committed before `seen`. Resolves
   * when the stream has got there.
   */
  began(seen: Position): Promise<void>;
  /** The next `count` rows; the buffers may be reused after the call. Packed keys are given in precise scans only. */
  rows(count: number, documents: ByteList, keys: ByteList | undefined): void;
  /**
   * All rows up to here have been handed on, and a later scan can go on from here: the packed key, or the database's own
   * position in the table. Without a pause after the rows; keyed scans tell it after every batch of them.
   */
  reached(scanned: Buffer): void;
  /** To be awaited between batches of rows. */
  drained(): Promise<void>;
}

/**
 * `outdated`, and no row: the table is not as it was last discovered, and has to be discovered again. `rewritten`, and no
 * row: its storage is another one than in the metadata.
 */
export type ScanEnd = 'complete' | 'incomplete' | 'outdated' | 'rewritten';

/** A table that is followed, or will be, as discovered; and what its state keeps of it, undefined of a new one. */
export interface KnownTable {
  readonly info: TableInfo;
  readonly known: TableMetadata | undefined;
}

/** Rows of a table that changed hands without a change of the stream. */
export interface UnreadRows {
  readonly info: TableInfo;
  /** What happened to them. */
  readonly message: string;
  readonly eventType: string;
  /** What to do where the table is not read again. */
  readonly fix: string | undefined;
}

export interface Database {
  /** The tables of these names that exist. */
  discover(streams: readonly StreamId[]): Promise<readonly TableInfo[]>;
  /**
   * Throws when changes of some of these tables may have been left out of the stream, by the facts of them that are in
   * their states and those discovered now; and when those of a new one would be. Resolves to what is to be read again.
   */
  checkUnbroken(tables: readonly KnownTable[]): Promise<readonly UnreadRows[]>;
  sourcedSchema(table: TableInfo): string;
  /**
   * `cursor` undefined: begin anew, with everything committed from now on. Otherwise continue there, and refuse when
   * anything since that position may be missing.
   */
  openReplication(
    cursor: string | undefined,
    bindings: readonly SqlBinding[],
    metadata: readonly TableMetadata[],
  ): Promise<ReplicationStream>;
  /**
   * Those of the tables whose backfill may begin: no transaction is open any more whose changes of the table the
   * stream may leave out, because it wrote them before the server began to replicate the table. The caller asks again.
   */
  readyToScan(tables: readonly number[]): Promise<ReadonlySet<number>>;
  /**
   * A watershed as of now, for the metadata of tables whose collections have no key: of every transaction, either the scan reads the
   * rows, or the stream delivers the changes. The scan has each one whose commit the stream delivered before this
   * call. Empty when the server cannot tell; a row written during the backfill may then come twice.
   */
  watershed(): Promise<TableMetadata>;
  /** The key up to which a table was read, as it stands in the state, in the form in which keys are packed now. */
  repackKey(table: number, keyColumns: readonly string[], key: Buffer): Buffer;
  /** For the metadata of a table that is read by its storage: the facts by which a scan sees that it was rewritten. */
  storage(table: number): Promise<TableMetadata>;
  /**
   * Reads the next chunk of a table; of one with a watershed in its metadata, the rows that are the scan's. It sees
   * every transaction whose commit the stream delivered before this call: otherwise a change already emitted, or
   * dropped, would be undone or lost.
   */
  scanChunk(request: ScanRequest, sink: RowSink): Promise<ScanEnd>;
  /** No chunk is wanted for a while: what is kept for them may be given back. */
  restScans(): Promise<void>;
  /** How many rows the table has, about; undefined when unknown. */
  estimateRows(table: number): Promise<number | undefined>;
}
