// Keeps the change stream in line with the states of the tables: whose changes it delivers, over which key, and what of
// them a watershed leaves to the scan. And keeps with each state the facts by which a later start recognises its table.

import { isReplicated } from './backfill-mode.ts';
import type { BoundTables } from './bound-tables.ts';
import type { Position, ReplicationStream } from './database.ts';
import type { Discovery } from './discovery.ts';
import type { TableMetadata } from './state.ts';
import { tableFacts } from './table-policies.ts';

export class FollowedTables {
  readonly #tables: BoundTables;
  readonly #stream: ReplicationStream;
  readonly #discovery: Discovery;
  /** Tables whose state still holds a watershed. */
  readonly #divided = new Set<number>();

  constructor(tables: BoundTables, stream: ReplicationStream, discovery: Discovery) {
    this.#tables = tables;
    this.#stream = stream;
    this.#discovery = discovery;
  }

  /** What the state keeps of a table but a watershed. */
  facts(table: number): TableMetadata {
    const { keyColumns } = this.#tables.state(table);
    const info = this.#discovery.info(this.#tables.binding(table));
    return { ...this.#stream.metadata, ...tableFacts(info, keyColumns) };
  }

  /** Must precede the next event of the stream, when the state of a table was changed from elsewhere. */
  follow(table: number): void {
    const state = this.#tables.state(table);
    const known = this.facts(table);
    if (Object.keys(state.metadata ?? {}).some((name) => !(name in known))) this.#divided.add(table);
    else this.#divided.delete(table);
    if (isReplicated(state.mode)) this.#stream.activate(table, state);
    else this.#stream.deactivate(table);
  }

  followAll(): void {
    for (const table of this.#tables.numbers()) this.follow(table);
  }

  /** A watershed that the stream is past keeps nothing from anybody any more. */
  forgetWatersheds(position: Position): void {
    for (const table of this.#divided) {
      const { mode, metadata } = this.#tables.state(table);
      if (mode !== 'Active') continue;
      if (metadata !== undefined && !this.#stream.isPast(metadata, position)) continue;
      this.#tables.update(table, { metadata: this.facts(table) });
      this.follow(table);
    }
  }
}

/** Of two that `b` was made from `a` by adding and replacing. */
export function sameFacts(a: TableMetadata | undefined, b: TableMetadata): boolean {
  return Object.entries(b).every(([name, value]) => a?.[name] === value);
}
