// Groups the documents of one transaction by (binding, packed key) and gives them back reduced, in that order.
// Memory is bounded: past `memoryBytes` everything held is written to a sorted scratch file, and the files are merged
// when the combiner drains. Documents are held as views of the buffers they came in.

import { join } from 'node:path';
import type { Disk } from '../host/disk.ts';
import {
  addDocument,
  type CombineBinding,
  type Combined,
  combineKey,
  type KeyDocuments,
} from './combine-binding.ts';
import { type RunEntry, SpillRun } from './spill-run.ts';

export interface CombinerOptions {
  readonly bindings: readonly CombineBinding[];
  readonly disk: Disk;
  /** Folder for scratch files. */
  readonly spillPath: string;
  /** Prefix of the scratch files' names; unique among the combiners of a process. */
  readonly name: string;
  /** Default 64 MiB. */
  readonly memoryBytes?: number;
}

/** What an entry costs beside its bytes: the map's slot, the key's string, the buffers' objects. */
const entryOverheadBytes = 250;

export class Combiner implements Disposable {
  readonly #options: CombinerOptions;
  readonly #memoryLimit: number;
  #maps: KeyMap[];
  #runs: SpillRun[] = [];
  #runCount = 0;
  #heldBytes = 0;
  #documents = 0;
  #sourceBytes = 0;

  constructor(options: CombinerOptions) {
    this.#options = options;
    this.#memoryLimit = options.memoryBytes ?? 64 << 20;
    this.#maps = options.bindings.map(newKeyMap);
  }

  [Symbol.dispose](): void {
    this.clear();
  }

  /** Documents added since the last `clear`, loaded ones not counted. */
  get documents(): number {
    return this.#documents;
  }

  /** Their bytes. */
  get sourceBytes(): number {
    return this.#sourceBytes;
  }

  /** `key` is the packed key with one character per byte. `document` must not change while it is held. */
  add(binding: number, key: string, document: Buffer): void {
    const entry = this.#entry(binding, key);
    const rules = this.#options.bindings[binding];
    if (rules === undefined) throw new RangeError(`no binding ${binding}`);
    if (entry.documents.length === 0) entry.documents.push(document);
    else addDocument(rules, entry, document);
    this.#documents += 1;
    this.#sourceBytes += document.length;
    this.#hold(document.length);
  }

  /** Adds the document that the destination holds for a key: the left-most one. */
  addFront(binding: number, key: string, document: Buffer): void {
    this.#entry(binding, key).front = document;
    this.#hold(document.length);
  }

  /** Everything combined, in the order of (binding, key). The combiner is to be cleared afterwards. */
  *drain(): Generator<Combined> {
    const { bindings } = this.#options;
    for (const entry of this.#runs.length === 0 ? this.#held() : this.#merged()) {
      const { binding, key, front, documents } = entry;
      const [document] = documents;
      // Most keys have one document, and nothing to reduce.
      if (front === undefined && documents.length === 1 && document !== undefined) {
        yield { binding, key, document, exists: false, deleted: false };
      } else {
        yield* combineKey(bindings, binding, key, entry);
      }
    }
  }

  clear(): void {
    for (const run of this.#runs) run[Symbol.dispose]();
    this.#runs = [];
    this.#maps = this.#options.bindings.map(newKeyMap);
    this.#heldBytes = 0;
    this.#documents = 0;
    this.#sourceBytes = 0;
  }

  #entry(binding: number, key: string): KeyDocuments {
    const map = this.#maps[binding];
    if (map === undefined) throw new RangeError(`no binding ${binding}`);
    let entry = map.entries.get(key);
    if (entry === undefined) {
      entry = { front: undefined, documents: [] };
      map.entries.set(key, entry);
      if (key < map.greatest) map.isSorted = false;
      else map.greatest = key;
      this.#heldBytes += key.length + entryOverheadBytes;
    }
    return entry;
  }

  #hold(bytes: number): void {
    this.#heldBytes += bytes;
    if (this.#heldBytes > this.#memoryLimit) this.#spill();
  }

  #spill(): void {
    const { disk, spillPath, name } = this.#options;
    this.#runCount += 1;
    this.#runs.push(SpillRun.write(disk, join(spillPath, `${name}-${this.#runCount}.run`), this.#held()));
    this.#maps = this.#options.bindings.map(newKeyMap);
    this.#heldBytes = 0;
  }

  /** What memory holds, in order. Latin-1 strings compare as their bytes do. */
  *#held(): Generator<RunEntry> {
    for (const [binding, { entries, isSorted }] of this.#maps.entries()) {
      const sorted = isSorted ? entries : [...entries].sort(([left], [right]) => compareText(left, right));
      for (const [key, { front, documents }] of sorted) yield { binding, key, front, documents };
    }
  }

  *#merged(): Generator<RunEntry> {
    // Oldest first: of equal keys, the documents of the earlier source are the older ones.
    const held = this.#held();
    const sources = [
      ...this.#runs.map((run) => () => run.next()),
      () => {
        const { value, done } = held.next();
        return done === true ? undefined : value;
      },
    ];
    const heads = sources.map((next) => next());
    for (;;) {
      let least: RunEntry | undefined;
      for (const head of heads) {
        if (head !== undefined && (least === undefined || compareEntries(head, least) < 0)) least = head;
      }
      if (least === undefined) return;
      const rules = this.#options.bindings[least.binding];
      if (rules === undefined) throw new RangeError(`no binding ${least.binding}`);
      const merged: RunEntry = { binding: least.binding, key: least.key, front: undefined, documents: [] };
      for (const [index, head] of heads.entries()) {
        if (head === undefined || compareEntries(head, least) !== 0) continue;
        merged.front = head.front ?? merged.front;
        for (const document of head.documents) addDocument(rules, merged, document);
        heads[index] = sources[index]?.();
      }
      yield merged;
    }
  }
}

/** The entries of one binding. */
interface KeyMap {
  readonly entries: Map<string, KeyDocuments>;
  /** Keys came in ascending order so far, as backfills send them. */
  isSorted: boolean;
  greatest: string;
}

function newKeyMap(): KeyMap {
  return { entries: new Map(), isSorted: true, greatest: '' };
}

function compareText(left: string, right: string): number {
  return left < right ? -1 : Number(left > right);
}

function compareEntries(left: RunEntry, right: RunEntry): number {
  return left.binding - right.binding || compareText(left.key, right.key);
}
