// The start of every database capture: the tables are discovered, the stored state meets the bindings, and the change
// stream is opened where the state ends. From there on it is the loop's.

import { isReplicated } from './backfill-mode.ts';
import type { SqlBinding } from './binding.ts';
import { BoundTables } from './bound-tables.ts';
import { CaptureLoop } from './capture-loop.ts';
import { CheckpointedOutput } from './checkpointed-output.ts';
import type { Database } from './database.ts';
import { Discovery } from './discovery.ts';
import type { EngineOutput, EngineSettings, EngineSurroundings } from './engine-settings.ts';
import { reconcileState } from './reconcile.ts';
import type { CaptureState } from './state.ts';

export class CaptureEngine {
  readonly #database: Database;
  readonly #bindings: readonly SqlBinding[];
  readonly #state: CaptureState;
  readonly #settings: EngineSettings;
  readonly #around: EngineSurroundings;
  readonly #output: CheckpointedOutput;

  constructor(
    database: Database,
    bindings: readonly SqlBinding[],
    state: CaptureState,
    output: EngineOutput,
    settings: EngineSettings,
    around: EngineSurroundings,
  ) {
    this.#database = database;
    this.#bindings = bindings;
    this.#state = state;
    this.#settings = settings;
    this.#around = around;
    this.#output = new CheckpointedOutput(output, state, around.now);
  }

  /** The `count` oldest checkpoints are durable downstream. */
  acknowledged(count: number): void {
    this.#output.acknowledged(count);
  }

  /** Runs until the signal is aborted, or until caught up when the settings say so. */
  async run(): Promise<void> {
    const [database, bindings, output] = [this.#database, this.#bindings, this.#output];
    const [settings, around] = [this.#settings, this.#around];
    const discovery = new Discovery(database, bindings, output, settings, around);
    if (await discovery.discover()) output.checkpoint();
    reconcileState(this.#state, bindings);
    output.checkpoint();
    const tables = new BoundTables(bindings, this.#state);
    const live = tables.numbers().map((table) => tables.state(table));
    await using stream = await database.openReplication(
      this.#state.cursor,
      bindings,
      live.flatMap(({ mode, metadata }) => (isReplicated(mode) && metadata !== undefined ? [metadata] : [])),
    );
    output.follow(stream);
    await new CaptureLoop(database, stream, tables, discovery, output, settings, around).run();
  }
}
