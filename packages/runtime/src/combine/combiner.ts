// Groups the documents of one transaction by (binding, packed key) and gives them back reduced, in that order.
// Memory is bounded: past `memoryBytes` everything held is written to a sorted scratch file, and the files are merged
// when the combiner drains. Documents are copied in, and come out as views that are valid until `clear`.

import { join } from 'node:path';
import type { Disk } from '../host/disk.ts';
import { ByteArena } from './byte-arena.ts';
import type { ByteRange } from './byte-range.ts';
import { addDocument, type CombineBinding, combineKey } from './combine-binding.ts';
import { Combined } from './combined.ts';
import { compareText, KeyTable } from './key-table.ts';
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

export class Combiner implements Disposable {
  readonly #options: CombinerOptions;
  readonly #memoryLimit: number;
  readonly #arena = new ByteArena();
  readonly #tables: readonly KeyTable[];
  #runs: SpillRun[] = [];
  #runCount = 0;
  #heldBytes = 0;
  #documents = 0;
  #sourceBytes = 0;

  constructor(options: CombinerOptions) {
    this.#options = options;
    this.#memoryLimit = options.memoryBytes ?? 64 << 20;
    this.#tables = options.bindings.map(() => new KeyTable(this.#arena));
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

  /**
   * `key` is the packed key. `note` comes out again with a document that nothing was combined with, unless memory was
   * short. All three are copied.
   */
  add(binding: number, key: ByteRange, document: ByteRange, note?: ByteRange): void {
    const table = this.#table(binding);
    const rules = this.#options.bindings[binding];
    if (rules === undefined) throw new RangeError(`no binding ${binding}`);
    let bytes = table.addNew(key, document, note);
    if (bytes === undefined) {
      addDocument(rules, table.open(key), this.#arena.copy(document.view()));
      bytes = document.length;
    }
    this.#documents += 1;
    this.#sourceBytes += document.length;
    this.#hold(bytes);
  }

  /** Adds the document that the destination holds for a key: the left-most one. */
  addFront(binding: number, key: ByteRange, document: Buffer): void {
    this.#hold(document.length + this.#table(binding).setFront(key, this.#arena.copy(document)));
  }

  /** Everything combined, in the order of (binding, key), each valid until the next is asked for. The combiner is to be cleared afterwards. */
  *drain(): Generator<Combined> {
    const { bindings } = this.#options;
    if (this.#runs.length > 0) {
      for (const entry of this.#merged()) yield* combineKey(bindings, entry.binding, entry.key, entry);
      return;
    }
    const lone = new Combined();
    for (const [binding, table] of this.#tables.entries()) {
      lone.binding = binding;
      for (const place of table.order()) {
        const entry = table.opened(place);
        if (entry !== undefined) {
          yield* combineKey(bindings, binding, table.key(place), entry);
          continue;
        }
        // Most keys have one document, and nothing to reduce.
        table.find(place, lone);
        yield lone;
      }
    }
  }

  clear(): void {
    for (const run of this.#runs) run[Symbol.dispose]();
    this.#runs = [];
    this.#letGo();
    this.#documents = 0;
    this.#sourceBytes = 0;
  }

  #table(binding: number): KeyTable {
    const table = this.#tables[binding];
    if (table === undefined) throw new RangeError(`no binding ${binding}`);
    return table;
  }

  #letGo(): void {
    for (const table of this.#tables) table.clear();
    this.#arena.clear();
    this.#heldBytes = 0;
  }

  #hold(bytes: number): void {
    this.#heldBytes += bytes;
    if (this.#heldBytes > this.#memoryLimit) this.#spill();
  }

  #spill(): void {
    const { disk, spillPath, name } = this.#options;
    this.#runCount += 1;
    this.#runs.push(SpillRun.write(disk, join(spillPath, `${name}-${this.#runCount}.run`), this.#held()));
    this.#letGo();
  }

  /** What memory holds, in order. */
  *#held(): Generator<RunEntry> {
    for (const [binding, table] of this.#tables.entries()) {
      for (const place of table.order()) {
        const { front, documents } = table.opened(place) ?? {
          front: undefined,
          documents: [table.document(place)],
        };
        yield { binding, key: table.key(place), front, documents };
      }
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

function compareEntries(left: RunEntry, right: RunEntry): number {
  return left.binding - right.binding || compareText(left.key, right.key);
}
