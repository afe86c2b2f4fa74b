// Looks at every position that must never move back, again and again while processes are killed: the cursor of the
// capture, the heads of the journals and the bytes below them, the read checkpoint in the destination, and its fence.

import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import type { DatabaseSync } from 'node:sqlite';
import { parseLsn } from '@weir/pgwire';
import { decodeCheckpoint, EXPLICIT_ZERO_CHECKPOINT } from '@weir/protocol';
import { SqliteStore, stateFolder } from '@weir/runtime';
import { type JournalState, journalBytes } from './journal-file.ts';
import { captureTask, materializationTask, type Pipeline } from './pipeline.ts';

interface CaptureState {
  readonly cursor?: string;
  readonly bindingStateV1?: Readonly<Record<string, { readonly mode: string }>>;
}

/** Bytes [from, to) of a journal that were committed when they were seen. */
interface CommittedRange {
  readonly journal: JournalState;
  readonly from: number;
  readonly to: number;
  readonly digest: string;
}

export class ProgressWatch implements Disposable {
  readonly #pipeline: Pipeline;
  readonly #positions = new Map<string, bigint>();
  readonly #ranges: CommittedRange[] = [];
  #store: SqliteStore | undefined;
  #copy: DatabaseSync | undefined;
  /** How often a position was seen to have moved on. */
  moves = 0;
  samples = 0;
  /** The tables whose backfill is done. */
  active = 0;

  constructor(pipeline: Pipeline) {
    this.#pipeline = pipeline;
  }

  [Symbol.dispose](): void {
    this.#store?.[Symbol.dispose]();
    this.#copy?.close();
  }

  /** What the destination has read, in bytes over all journals. */
  get stored(): bigint {
    let total = 0n;
    for (const [name, position] of this.#positions) if (name.startsWith('read ')) total += position;
    return total;
  }

  /** Throws when anything moved back. */
  sample(): void {
    // The destination first: what it has read was committed before.
    const read = this.#sampleCopy();
    this.#sampleStore(read);
    this.samples += 1;
  }

  /** Every byte that was ever seen committed is still there, and is the same. */
  assertCommittedKept(): void {
    for (const { journal, from, to, digest } of this.#ranges) {
      assert.equal(
        this.#digest(journal, from, to),
        digest,
        `${journal.name} changed between ${from} and ${to}`,
      );
    }
  }

  #digest(journal: JournalState, from: number, to: number): string {
    return createHash('sha256')
      .update(journalBytes(this.#pipeline.statePath, journal, from, to))
      .digest('hex');
  }

  #advance(name: string, position: bigint): void {
    const before = this.#positions.get(name);
    assert.ok(before === undefined || position >= before, `${name} moved back from ${before} to ${position}`);
    if (before !== position) this.moves += 1;
    this.#positions.set(name, position);
  }

  #sampleCopy(): ReadonlyMap<string, bigint> {
    const read = new Map<string, bigint>();
    this.#copy ??= this.#pipeline.openCopy();
    const exists = this.#copy
      ?.prepare(`SELECT 1 FROM sqlite_schema WHERE name = 'flow_checkpoints_v1'`)
      .get();
    if (exists === undefined) return read;
    const row = this.#copy
      ?.prepare('SELECT fence, "checkpoint" AS checkpoint FROM flow_checkpoints_v1 WHERE materialization = ?')
      .get(materializationTask) as { fence: number; checkpoint: string } | undefined;
    if (row === undefined) return read;
    this.#advance('fence', BigInt(row.fence));
    const checkpoint = decodeCheckpoint(Buffer.from(row.checkpoint, 'base64'));
    const sources = checkpoint === EXPLICIT_ZERO_CHECKPOINT ? {} : checkpoint.sources;
    for (const [source, { readThrough }] of Object.entries(sources)) {
      read.set(source.split(';')[0] ?? '', readThrough);
      this.#advance(`read ${source}`, readThrough);
    }
    for (const name of this.#positions.keys()) {
      if (!name.startsWith('read ')) continue;
      assert.ok(name.slice(5) in sources, `${name} is gone from the checkpoint`);
    }
    return read;
  }

  #sampleStore(read: ReadonlyMap<string, bigint>): void {
    try {
      this.#store ??= new SqliteStore(stateFolder(this.#pipeline.statePath).storePath, { readOnly: true });
    } catch {
      // There is no store yet.
      return;
    }
    const task = this.#store.task(captureTask);
    const state = JSON.parse(task?.state ?? '{}') as CaptureState;
    if (typeof state.cursor === 'string') this.#advance('cursor', parseLsn(state.cursor));
    const modes = Object.values(state.bindingStateV1 ?? {});
    this.active = modes.filter(({ mode }) => mode === 'Active').length;
    for (const journal of this.#store.journals()) {
      const before = Number(this.#positions.get(`head ${journal.name}`) ?? 0n);
      this.#advance(`head ${journal.name}`, BigInt(journal.head));
      if (journal.head > before) {
        const digest = this.#digest(journal, before, journal.head);
        this.#ranges.push({ journal, from: before, to: journal.head, digest });
      }
      const position = read.get(journal.name) ?? 0n;
      assert.ok(position <= journal.head, `the destination has read ${position} of ${journal.name}`);
    }
  }
}
