// Logical replication: frames come in batches of views, status goes out whenever the caller says so, whatever the
// reader is doing (PostgreSQL manual: "Streaming Replication Protocol").

import { formatLsn } from './lsn.ts';
import { PgConnectionError, type PgServerError } from './pg-errors.ts';
import { quoteIdentifier, quoteReplicationLiteral } from './quoting.ts';
import type { Session } from './session.ts';
import { backend } from './wire/backend-messages.ts';
import { FrameTable } from './wire/frame-table.ts';
import { copyDoneMessage, queryMessage } from './wire/frontend-messages.ts';

const XLOG_DATA = 0x77; // w: Int64 start, Int64 end of WAL, Int64 time, bytes
const KEEPALIVE = 0x6b; // k: Int64 end of WAL, Int64 time, Byte1 reply requested
const STOP_TIMEOUT_MS = 5000;
/** Positions with this upper half are past 2^53. */
const INEXACT_HIGH_HALF = 2 ** 21;
/** 2000-01-01 in Unix microseconds: the server counts from there. */
export const POSTGRES_EPOCH_MICROS = 946_684_800_000_000n;

export interface ReplicationStart {
  readonly slot: string;
  /** Where to start; the server starts at the slot's confirmed position if that is later. 0n: at the slot's. */
  readonly lsn: bigint;
  /** Options of the output plugin, such as those of `pgoutputOptions()`. */
  readonly options: Readonly<Record<string, string>>;
}

export interface StandbyStatus {
  readonly write: bigint;
  readonly flush: bigint;
  readonly apply: bigint;
  /** Asks the server to answer with a keepalive at once. */
  readonly replyRequested?: boolean;
}

/** Options of pgoutput, protocol 1. Publication names are quoted, so that mixed case works. */
export function pgoutputOptions(publications: readonly string[]): Record<string, string> {
  return { proto_version: '1', publication_names: publications.map(quoteIdentifier).join(',') };
}

/** Frames of one batch; valid, with all its views, until the next batch is asked for. */
export class ReplicationBatch {
  bytes: Buffer = Buffer.alloc(0);
  readonly frames: FrameTable = new FrameTable();

  get count(): number {
    return this.frames.count;
  }

  isKeepalive(index: number): boolean {
    return this.bytes[this.#start(index)] === KEEPALIVE;
  }

  /** Otherwise it is a keepalive, or of a kind that a later server may add, which is to be passed over. */
  isData(index: number): boolean {
    return this.bytes[this.#start(index)] === XLOG_DATA;
  }

  /** Where the output plugin's message starts, in `bytes`. */
  payloadStart(index: number): number {
    return this.#start(index) + 25;
  }

  payloadEnd(index: number): number {
    return this.frames.ends[index] ?? 0;
  }

  /** The WAL position of a data frame; a number while that is exact, which costs a tenth. */
  walStart(index: number): number | bigint {
    const at = this.#start(index) + 1;
    const high = this.bytes.readUInt32BE(at);
    if (high >= INEXACT_HIGH_HALF) return this.bytes.readBigUInt64BE(at);
    return high * 2 ** 32 + this.bytes.readUInt32BE(at + 4);
  }

  /** The server's end of WAL: of a data frame, or of a keepalive, where everything before it has been sent. */
  walEnd(index: number): bigint {
    return this.bytes.readBigUInt64BE(this.#start(index) + (this.isKeepalive(index) ? 1 : 9));
  }

  /** Of a keepalive: whether the server will hang up unless a status comes soon. */
  replyRequested(index: number): boolean {
    return this.bytes[this.#start(index) + 17] === 1;
  }

  #start(index: number): number {
    return this.frames.starts[index] ?? 0;
  }
}

export class ReplicationStream implements AsyncIterable<ReplicationBatch> {
  readonly #session: Session;
  readonly #release: () => void;
  #isStopping = false;
  #isReady = false;
  #isReleased = false;
  #error: PgServerError | undefined;

  private constructor(session: Session, release: () => void) {
    this.#session = session;
    this.#release = release;
  }

  /** Throws `PgServerError`: 55006 slot in use, 42704 no such slot, 55000 slot invalidated, … */
  static async open(session: Session, start: ReplicationStart): Promise<ReplicationStream> {
    const release = await session.acquire('replication');
    const stream = new ReplicationStream(session, release);
    try {
      session.write(queryMessage(startReplicationCommand(start)));
      if ((await session.receive()) === backend.copyBothResponse) {
        session.stream.isGathering = true;
        return stream;
      }
      session.stream.unread();
      await session.untilReady(() => {});
      throw new PgConnectionError('protocol', 'the server did not start replication');
    } catch (error) {
      release();
      throw error;
    }
  }

  /** Tells the server how far we are. Frees WAL up to `flush`. May be called at any time until the stream is over. */
  sendStandbyStatus(status: StandbyStatus): void {
    if (this.#isStopping || this.#isReady || this.#session.isClosed) return;
    const message = Buffer.allocUnsafe(39);
    message[0] = backend.copyData;
    message.writeInt32BE(38, 1);
    message[5] = 0x72;
    message.writeBigUInt64BE(status.write, 6);
    message.writeBigUInt64BE(status.flush, 14);
    message.writeBigUInt64BE(status.apply, 22);
    message.writeBigInt64BE(BigInt(Date.now()) * 1000n - POSTGRES_EPOCH_MICROS, 30);
    message[38] = status.replyRequested === true ? 1 : 0;
    this.#session.write(message);
  }

  /** Asks the server to end the stream; the iteration ends when it has, and the connection is usable again. */
  stop(): void {
    if (this.#isStopping || this.#isReady || this.#session.isClosed) return;
    this.#isStopping = true;
    this.#session.write(copyDoneMessage());
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<ReplicationBatch, void, void> {
    const batch = new ReplicationBatch();
    try {
      for (;;) {
        this.#collect(batch);
        if (batch.count > 0) yield batch;
        if (this.#isReady) break;
        try {
          await this.#session.fill();
        } catch (failure) {
          throw this.#error ?? failure;
        }
      }
      if (this.#error !== undefined) throw this.#error;
    } finally {
      await this.#end();
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#end();
  }

  #collect(batch: ReplicationBatch): void {
    const { stream } = this.#session;
    const { frames } = batch;
    frames.clear();
    batch.bytes = stream.bytes;
    stream.takeCopyData(frames);
    while (!this.#isReady && this.#session.step()) {
      switch (stream.type) {
        case backend.copyData:
          frames.add(stream.bodyStart, stream.bodyEnd);
          stream.takeCopyData(frames);
          break;
        case backend.copyDone:
          this.stop();
          break;
        case backend.errorResponse:
          this.#error ??= this.#session.serverError();
          break;
        case backend.readyForQuery:
          this.#isReady = true;
          break;
        default:
          break;
      }
    }
  }

  /** Lets the server finish; one that is in the middle of a huge transaction is left instead. */
  async #end(): Promise<void> {
    if (this.#isReleased) return;
    this.#isReleased = true;
    const timer = setTimeout(
      () => this.#session.destroy(new PgConnectionError('closed', 'the replication stream was left')),
      STOP_TIMEOUT_MS,
    );
    try {
      this.stop();
      const rest = new ReplicationBatch();
      while (!this.#isReady && !this.#session.isClosed) {
        this.#collect(rest);
        if (!this.#isReady) await this.#session.fill();
      }
    } catch (error) {
      if (!this.#session.isClosed) throw error;
    } finally {
      clearTimeout(timer);
      this.#release();
    }
  }
}

function startReplicationCommand({ slot, lsn, options }: ReplicationStart): string {
  const list = Object.entries(options).map(
    ([name, value]) => `${quoteIdentifier(name)} ${quoteReplicationLiteral(value)}`,
  );
  return `START_REPLICATION SLOT ${quoteIdentifier(slot)} LOGICAL ${formatLsn(lsn)} (${list.join(', ')})`;
}
