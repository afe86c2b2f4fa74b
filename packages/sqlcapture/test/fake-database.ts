// A database small enough to be scripted: one log, tables of numbers by number, writes that happen whenever the
// engine gives others a chance. It keeps the promises of the Database interface and no others.

import type {
  ByteList,
  ChangesEvent,
  Database,
  KnownTable,
  Position,
  ReplicationEvent,
  ReplicationStream,
  RowSink,
  ScanEnd,
  ScanRequest,
  UnreadRows,
  WantedChanges,
} from '../src/database.ts';
import type { TableMetadata } from '../src/state.ts';
import type { TableInfo } from '../src/table-info.ts';

export class FakePosition implements Position {
  readonly lsn: number;
  constructor(lsn: number) {
    this.lsn = lsn;
  }
  toString(): string {
    return String(this.lsn);
  }
  atLeast(other: Position): boolean {
    return other instanceof FakePosition && this.lsn >= other.lsn;
  }
}

export interface FakeChange {
  readonly table: number;
  readonly op: 'c' | 'u' | 'd' | 'truncate';
  readonly id: number;
  readonly value: number;
}

interface Transaction {
  readonly lsn: number;
  readonly xid: number;
  readonly changes: readonly FakeChange[];
}

export function packId(id: number): Buffer {
  const key = Buffer.alloc(4);
  key.writeUInt32BE(id);
  return key;
}

export interface FakeWrite {
  readonly table: number;
  /** A TRUNCATE has neither id nor value. */
  readonly op: 'put' | 'd' | 'truncate';
  readonly id: number;
  readonly value: number;
}

export class FakeServer {
  readonly tables: Map<number, number>[];
  /** Of each row, the transaction that wrote it; 0 long ago. */
  readonly writers: Map<number, number>[];
  readonly log: Transaction[] = [];
  readonly running = new Set<number>();
  nextXid = 1;
  lsn = 100;
  /** What the stream has to offer: commits may be visible before they are safe on disk. */
  flushed = 100;
  acknowledged = 0;
  /** Tables with writers that began before the stream had their changes. */
  readonly writtenEarly = new Set<number>();
  /** Called whenever the engine waits for the server. */
  onIdle: () => void = () => {};

  constructor(tables: number) {
    this.tables = Array.from({ length: tables }, () => new Map<number, number>());
    this.writers = Array.from({ length: tables }, () => new Map<number, number>());
  }

  begin(): number {
    const xid = this.nextXid;
    this.nextXid += 1;
    this.running.add(xid);
    return xid;
  }

  /** One transaction; changes that do not apply (an insert of a row that exists) become what does. */
  commit(...wanted: FakeWrite[]): void {
    this.end(this.begin(), wanted);
    this.flush();
  }

  /** The commit of a transaction begun before, visible at once, on disk later. */
  end(xid: number, wanted: readonly FakeWrite[]): void {
    this.running.delete(xid);
    const changes: FakeChange[] = [];
    for (const { table, op, id, value } of wanted) {
      const rows = this.tables[table];
      if (rows === undefined || (op === 'd' && !rows.has(id))) continue;
      changes.push({ table, op: op === 'put' ? (rows.has(id) ? 'u' : 'c') : op, id, value });
      if (op === 'truncate') rows.clear();
      else if (op === 'd') rows.delete(id);
      else rows.set(id, value);
      this.writers[table]?.set(id, xid);
    }
    this.lsn += 10;
    this.log.push({ lsn: this.lsn, xid, changes });
  }

  flush(): void {
    this.flushed = this.lsn;
  }

  /** Log that concerns none of the tables. */
  elsewhere(): void {
    this.lsn += 10;
    this.flush();
  }
}

export class FakeDatabase implements Database {
  readonly server: FakeServer;
  readonly chunkRows: number;
  readonly random: () => number;
  readonly infos: TableInfo[];
  stream: FakeStream | undefined;
  openedWith: (string | undefined)[] = [];
  /** Whether each table was one that the state knew, at each check. */
  readonly checked: string[][] = [];
  readonly scans: ScanRequest[] = [];

  constructor(server: FakeServer, chunkRows: number, random: () => number, infos: TableInfo[]) {
    this.server = server;
    this.chunkRows = chunkRows;
    this.random = random;
    this.infos = infos;
  }

  discover(): Promise<readonly TableInfo[]> {
    return Promise.resolve(this.infos);
  }

  checkUnbroken(tables: readonly KnownTable[]): Promise<readonly UnreadRows[]> {
    this.checked.push(
      tables.map(({ info, known }) => `${info.name} ${known === undefined ? 'new' : 'known'}`),
    );
    return Promise.resolve([]);
  }

  sourcedSchema(table: TableInfo): string {
    return JSON.stringify({ title: table.name });
  }

  openReplication(cursor: string | undefined): Promise<ReplicationStream> {
    this.openedWith.push(cursor);
    const { acknowledged } = this.server;
    if (cursor !== undefined && Number(cursor) < acknowledged) {
      throw new Error(`the log from ${cursor} to ${acknowledged} is gone, as it was acknowledged`);
    }
    this.server.flush();
    this.stream = new FakeStream(
      this.server,
      cursor === undefined ? this.server.lsn : Number(cursor),
      this.random,
    );
    return Promise.resolve(this.stream);
  }

  readyToScan(tables: readonly number[]): Promise<ReadonlySet<number>> {
    return Promise.resolve(new Set(tables.filter((table) => !this.server.writtenEarly.has(table))));
  }

  watershed(): Promise<TableMetadata> {
    this.server.onIdle();
    const { nextXid, running, lsn } = this.server;
    return Promise.resolve({ xmax: nextXid, running: JSON.stringify([...running]), end: lsn });
  }

  repackKey(_table: number, _keyColumns: readonly string[], key: Buffer): Buffer {
    return key;
  }

  storage(): Promise<TableMetadata> {
    return Promise.resolve({});
  }

  /** The rows are those of the moment at which it is asked, whatever happens until they have all been handed on. */
  async scanChunk(request: ScanRequest, sink: RowSink): Promise<ScanEnd> {
    this.scans.push(request);
    await this.#pause(sink);
    const after = request.state.scanned?.readUInt32BE() ?? -1;
    const limit = Math.max(1, Math.round(this.chunkRows * request.share));
    const page = [...(this.server.tables[request.table] ?? [])]
      .filter(([id]) => id > after)
      .toSorted(([a], [b]) => a - b)
      .slice(0, limit);
    const writers = new Map(this.server.writers[request.table]);
    const seen = new FakePosition(this.server.lsn);
    await this.#pause(sink);
    await sink.began(seen);
    for (const [id, value] of page) {
      if (request.signal.aborted) throw new Error('the scan was not wanted any more');
      const key = packId(id);
      const isWanted =
        request.mode === 'keyed' || isScans(request.state.metadata, writers.get(id) ?? 0) !== false;
      if (isWanted) {
        const document = Buffer.from(JSON.stringify({ op: 'c', id, value, snapshot: true }));
        sink.rows(
          1,
          { bytes: document, ends: [document.length] },
          request.precise ? { bytes: key, ends: [key.length] } : undefined,
        );
      }
      if (request.mode === 'keyed') sink.reached(key);
      await this.#pause(sink);
    }
    const last = page.at(-1);
    if (request.mode === 'keyless' && last !== undefined) sink.reached(packId(last[0]));
    return page.length < limit ? 'complete' : 'incomplete';
  }

  /** Others write, and the stream goes on for a while. */
  async #pause(sink: RowSink): Promise<void> {
    this.server.onIdle();
    await sink.drained();
    for (let turns = Math.floor(this.random() * 12); turns > 0; turns -= 1) await Promise.resolve();
  }

  restScans(): Promise<void> {
    return Promise.resolve();
  }

  estimateRows(table: number): Promise<number | undefined> {
    return Promise.resolve(this.server.tables[table]?.size);
  }
}

/** Whether the watershed leaves the transaction to the scan; undefined without one. */
function isScans(metadata: TableMetadata | undefined, xid: number): boolean | undefined {
  if (metadata?.['xmax'] === undefined) return undefined;
  const running = JSON.parse(String(metadata['running'])) as number[];
  return xid < Number(metadata['xmax']) && !running.includes(xid);
}

interface FakeRowEvent extends FakeChange {
  readonly kind: 'row';
  readonly xid: number;
  readonly lsn: number;
}

export class FakeStream implements ReplicationStream {
  readonly start: FakePosition;
  readonly metadata = { system: 'fake' };
  readonly continues = true;
  readonly active = new Map<number, TableMetadata | undefined>();
  readonly #server: FakeServer;
  readonly #random: () => number;
  #sent: number;
  #queue: (Exclude<ReplicationEvent, ChangesEvent> | FakeRowEvent)[] = [];
  #begun = false;
  #asked = false;

  constructor(server: FakeServer, start: number, random: () => number) {
    this.#server = server;
    this.#random = random;
    this.#sent = start;
    this.start = new FakePosition(start);
  }

  activate(table: number, state: { readonly metadata: TableMetadata | undefined }): void {
    this.active.set(table, state.metadata);
  }
  isPast(metadata: TableMetadata, position: Position): boolean {
    return position instanceof FakePosition && position.lsn >= Number(metadata['end'] ?? 0);
  }
  deactivate(table: number): void {
    this.active.delete(table);
  }
  begin(): Promise<void> {
    this.#begun = true;
    return Promise.resolve();
  }

  next(wanted: (table: number) => WantedChanges): ReplicationEvent | undefined {
    if (this.#random() < 0.2) return undefined;
    const event = this.#queue.shift();
    if (event?.kind === 'commit')
      return { ...event, isFollowed: this.#queue.some(({ kind }) => kind === 'commit') };
    if (event?.kind !== 'row') return event;
    if (event.op === 'truncate') return { kind: 'truncated', table: event.table };
    const rows = [event];
    // Batches of any size, of one table and transaction.
    for (
      let next = this.#queue[0];
      next?.kind === 'row' && next.table === event.table && next.op !== 'truncate';
      next = this.#queue[0]
    ) {
      if (this.#random() < 0.3) break;
      this.#queue.shift();
      rows.push(next);
    }
    const { table } = event;
    const isPassedOver = !this.active.has(table) || isScans(this.active.get(table), event.xid) === true;
    return isPassedOver ? this.next(wanted) : changesEvent(table, rows, wanted(table));
  }

  wait(): Promise<void> {
    if (!this.#begun) throw new Error('not begun');
    this.#server.onIdle();
    if (this.#random() < 0.3) this.#server.flush();
    const transaction = this.#server.log.find(({ lsn }) => lsn > this.#sent && lsn <= this.#server.flushed);
    if (transaction !== undefined) {
      this.#sent = transaction.lsn;
      const { lsn, xid } = transaction;
      for (const change of transaction.changes) this.#queue.push({ kind: 'row', lsn, xid, ...change });
      this.#queue.push({ kind: 'commit', position: new FakePosition(transaction.lsn), isFollowed: false });
    } else if (this.#asked) {
      this.#asked = false;
      this.#sent = this.#server.flushed;
      this.#queue.push({ kind: 'keepalive', position: new FakePosition(this.#sent) });
    }
    return Promise.resolve();
  }

  interrupt(): void {}

  fence(): Promise<Position> {
    this.#server.onIdle();
    this.#asked = true;
    return Promise.resolve(new FakePosition(this.#server.flushed));
  }
  nudge(): void {
    this.#asked = true;
  }
  health() {
    return Promise.resolve({ behindBytes: 0, behindMs: 0, details: {} });
  }
  acknowledge(position: Position): void {
    if (position instanceof FakePosition)
      this.#server.acknowledged = Math.max(this.#server.acknowledged, position.lsn);
  }
  [Symbol.asyncDispose](): Promise<void> {
    return Promise.resolve();
  }
}

function changesEvent(table: number, rows: readonly FakeRowEvent[], wanted: WantedChanges): ChangesEvent {
  const isWanted = (id: number): boolean =>
    Buffer.isBuffer(wanted) ? Buffer.compare(packId(id), wanted) <= 0 : wanted !== 'none';
  const delivered = rows.filter(({ id }) => isWanted(id));
  const documents = delivered.map(({ op, id, value, lsn }) =>
    Buffer.from(JSON.stringify({ op, id, value, lsn })),
  );
  return {
    kind: 'changes',
    table,
    count: delivered.length,
    documents: byteList(documents),
    keys: wanted === 'keyed' ? byteList(delivered.map(({ id }) => packId(id))) : undefined,
  };
}

function byteList(items: readonly Buffer[]): ByteList {
  let end = 0;
  return { bytes: Buffer.concat(items), ends: items.map(({ length }) => (end += length)) };
}
