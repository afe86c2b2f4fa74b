// What is known of the bound tables' columns. It is asked for at the start, again and again after about the same time,
// and soon after somebody noticed that it is out of date.

import type { SqlBinding } from './binding.ts';
import type { CheckpointedOutput } from './checkpointed-output.ts';
import type { Database } from './database.ts';
import type { EngineSurroundings } from './engine-settings.ts';
import { resourceStream } from './resource.ts';
import { findStream } from './stream-id.ts';
import type { TableInfo } from './table-info.ts';

export interface DiscoverySettings {
  readonly emitSourcedSchemas: boolean;
  /** Mean time between two looks at the tables' columns. */
  readonly rediscoveryIntervalMs: number;
}

export class Discovery {
  readonly #database: Database;
  readonly #bindings: readonly SqlBinding[];
  readonly #output: CheckpointedOutput;
  readonly #settings: DiscoverySettings;
  readonly #around: Pick<EngineSurroundings, 'now' | 'random'>;
  readonly #sentSchemas = new Map<number, string>();
  #infos: readonly TableInfo[] = [];
  #dueAtMs = 0;

  constructor(
    database: Database,
    bindings: readonly SqlBinding[],
    output: CheckpointedOutput,
    settings: DiscoverySettings,
    around: Pick<EngineSurroundings, 'now' | 'random'>,
  ) {
    this.#database = database;
    this.#bindings = bindings;
    this.#output = output;
    this.#settings = settings;
    this.#around = around;
  }

  /** True when schemas were sent, which want a checkpoint. */
  async discover(): Promise<boolean> {
    this.#infos = await this.#database.discover(
      this.#bindings.map((binding) => resourceStream(binding.resource)),
    );
    return this.#settings.emitSourcedSchemas && this.#emitSourcedSchemas() > 0;
  }

  /** As last discovered; undefined of a table that does not exist. */
  info(binding: SqlBinding): TableInfo | undefined {
    return findStream(this.#infos, resourceStream(binding.resource));
  }

  get dueAtMs(): number {
    return this.#dueAtMs;
  }

  isDue(): boolean {
    return this.#around.now() >= this.#dueAtMs;
  }

  /** Half to one and a half times the interval, so that many captures of one server drift apart. */
  schedule(): void {
    const interval = this.#settings.rediscoveryIntervalMs;
    this.#dueAtMs = this.#around.now() + interval * (0.5 + this.#around.random());
  }

  /** No later than in so many milliseconds. */
  hasten(delayMs: number): void {
    this.#dueAtMs = Math.min(this.#dueAtMs, this.#around.now() + delayMs);
  }

  /** How many schemas were sent; one that was sent before is not sent again. */
  #emitSourcedSchemas(): number {
    let sent = 0;
    for (const binding of this.#bindings) {
      const info = this.info(binding);
      if (info === undefined) continue;
      const schema = this.#database.sourcedSchema(info);
      if (this.#sentSchemas.get(binding.index) === schema) continue;
      this.#sentSchemas.set(binding.index, schema);
      this.#output.sourcedSchema(binding.index, schema);
      sent += 1;
    }
    return sent;
  }
}
