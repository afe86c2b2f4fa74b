// What a runtime has durably: groups of documents, each closed by a checkpoint. Some of the last ones may be thrown away,
// as if the runtime had died before it committed them.

import { parseLsn } from '@weir/pgwire';
import { applyMergePatch, type JsonValue } from '@weir/schema';
import type { Document, Json } from '../capture-harness.ts';

export interface StressDocument {
  readonly stream: string;
  readonly key: string;
  readonly op: 'c' | 'u' | 'd';
  readonly isSnapshot: boolean;
  /** Of the row it is of; a delete has none unless the whole old row is logged. */
  readonly stamp: number | undefined;
  readonly oldStamp: number | undefined;
  /** Event and commit. */
  readonly loc: readonly number[];
  readonly document: Document;
}

export interface Group {
  readonly documents: readonly StressDocument[];
  readonly state: Readonly<Record<string, unknown>>;
  readonly cursor: bigint;
}

export class Committed {
  readonly groups: Group[] = [];
  /** Of groups, how many were acknowledged, or opened a process: these are never thrown away. */
  settled = 0;
  #open: StressDocument[] = [];

  get state(): Readonly<Record<string, unknown>> {
    return this.groups.at(-1)?.state ?? {};
  }

  /** A connector process begins: what the last one sent without a checkpoint is gone. */
  begin(): void {
    this.#open = [];
  }

  document(stream: string, key: readonly string[], text: string): void {
    const document = JSON.parse(text) as Document;
    const { op, source, before } = document._meta;
    this.#open.push({
      stream,
      key: JSON.stringify(key.map((pointer) => keyText(document, pointer))),
      op,
      isSnapshot: source.snapshot === true,
      stamp: numberOf(document['stamp']),
      oldStamp: numberOf(op === 'd' ? document['stamp'] : before?.['stamp']),
      loc: source.loc,
      document,
    });
  }

  checkpoint(patch: string): void {
    const before = this.state as JsonValue;
    const state = applyMergePatch(before, JSON.parse(patch) as JsonValue) as Record<string, unknown>;
    const cursor = typeof state['cursor'] === 'string' ? parseLsn(state['cursor']) : 0n;
    this.groups.push({ documents: this.#open, state, cursor });
    this.#open = [];
  }

  /** Only these remain. */
  keep(groups: number): void {
    if (groups < this.settled) throw new Error('what is settled cannot be thrown away');
    this.groups.length = groups;
  }
}

function numberOf(value: Json | undefined): number | undefined {
  return typeof value === 'number' ? value : undefined;
}

function keyText(document: Json, pointer: string): Json {
  let value: Json = document;
  for (const name of pointer.split('/').slice(1)) value = (value as { [name: string]: Json })[name] ?? null;
  return typeof value === 'number' || typeof value === 'boolean' ? String(value) : value;
}
