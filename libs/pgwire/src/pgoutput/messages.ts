// The messages of pgoutput, protocol version 1 (PostgreSQL manual: "Logical Replication Message Formats").

import type { TupleView } from './tuple-view.ts';

export interface PgOutputColumn {
  readonly name: string;
  /** Part of the replica identity. */
  readonly isKey: boolean;
  readonly typeOid: number;
  readonly typeModifier: number;
}

export interface PgOutputRelation {
  readonly id: number;
  readonly schema: string;
  readonly name: string;
  /** d default (primary key), n nothing, f full, i index. */
  readonly replicaIdentity: 'd' | 'n' | 'f' | 'i';
  readonly columns: readonly PgOutputColumn[];
}

/** `B` Int64 final position, Int64 time, Int32 transaction. */
export interface PgOutputBegin {
  readonly kind: 'begin';
  readonly finalLsn: bigint;
  /** Unix microseconds. */
  readonly commitTimeMicros: bigint;
  readonly xid: number;
}

/** `C` Int8 flags, Int64 position, Int64 end of the transaction, Int64 time. */
export interface PgOutputCommit {
  readonly kind: 'commit';
  readonly commitLsn: bigint;
  /** Where to resume after this transaction. */
  readonly endLsn: bigint;
  readonly commitTimeMicros: bigint;
}

/** `R`: comes before the first change of a table on a connection, and again when the table has changed. */
export interface PgOutputRelationMessage {
  readonly kind: 'relation';
  readonly relation: PgOutputRelation;
}

/** `Y`: a type that is not built in; for a domain the schema is empty and the name is its base type's. */
export interface PgOutputType {
  readonly kind: 'type';
  readonly oid: number;
  readonly schema: string;
  readonly name: string;
}

export interface PgOutputTruncate {
  readonly kind: 'truncate';
  readonly relations: readonly PgOutputRelation[];
  readonly cascade: boolean;
  readonly restartIdentity: boolean;
}

export interface PgOutputOrigin {
  readonly kind: 'origin';
  readonly originLsn: bigint;
  readonly name: string;
}

export interface PgOutputLogicalMessage {
  readonly kind: 'message';
  readonly transactional: boolean;
  readonly lsn: bigint;
  readonly prefix: string;
  readonly content: Buffer;
}

/**
 * Of protocol 2, which is not asked for: PostgreSQL 18 sends it all the same, for a transaction of which nothing was sent,
 * when it or a part of it is rolled back after it has outgrown `logical_decoding_work_mem`.
 */
export interface PgOutputStreamAbort {
  readonly kind: 'streamAbort';
  readonly xid: number;
  /** As `xid` where the whole transaction is rolled back. */
  readonly subxid: number;
}

/**
 * A change of one row. The decoder reuses this one object and its tuples: everything in it is valid until the next
 * message is decoded. Tuples are read only when asked for, so a table nobody captures costs nothing.
 */
export interface PgOutputChange {
  readonly kind: 'insert' | 'update' | 'delete';
  readonly relation: PgOutputRelation;
  readonly bytes: Buffer;
  /** Fills `oldKind`, `oldTuple` and `newTuple`. */
  readTuples(): void;
  /** K: only the replica identity's columns have values, null marks the others. O: the whole old row. */
  readonly oldKind: 'none' | 'key' | 'full';
  /** Meaningful unless `oldKind` is none. */
  readonly oldTuple: TupleView;
  /** Meaningful unless the change is a delete. */
  readonly newTuple: TupleView;
}

export type PgOutputMessage =
  | PgOutputBegin
  | PgOutputCommit
  | PgOutputRelationMessage
  | PgOutputType
  | PgOutputTruncate
  | PgOutputOrigin
  | PgOutputLogicalMessage
  | PgOutputStreamAbort
  | PgOutputChange;
