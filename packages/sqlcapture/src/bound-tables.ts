// The bound tables by their number, which is the position of the binding in the capture's list, and the state of each.
// Every change of a state goes through here, so that what is read for each change of a row, and what leaves with the
// next checkpoint, never differ.

import type { SqlBinding } from './binding.ts';
import { resourceStream } from './resource.ts';
import type { CaptureState, TableState } from './state.ts';
import { streamLabel } from './stream-id.ts';

export class BoundTables {
  readonly bindings: readonly SqlBinding[];
  readonly #state: CaptureState;
  readonly #states: TableState[];

  /** `state` has a table for each binding. */
  constructor(bindings: readonly SqlBinding[], state: CaptureState) {
    this.bindings = bindings;
    this.#state = state;
    this.#states = bindings.map(({ stateKey }) => {
      const table = state.get(stateKey);
      if (table === undefined) throw new Error(`no state for ${stateKey}`);
      return table;
    });
  }

  numbers(): readonly number[] {
    return [...this.bindings.keys()];
  }

  binding(table: number): SqlBinding {
    const binding = this.bindings[table];
    if (binding === undefined) throw new Error(`no binding ${table}`);
    return binding;
  }

  /** As people write it: `schema.table`. */
  label(table: number): string {
    return streamLabel(resourceStream(this.binding(table).resource));
  }

  state(table: number): TableState {
    const state = this.#states[table];
    if (state === undefined) throw new Error(`no table ${table}`);
    return state;
  }

  set(table: number, state: TableState): void {
    this.#states[table] = state;
    this.#state.set(this.binding(table).stateKey, state);
  }

  update(table: number, change: Partial<TableState>): void {
    this.set(table, { ...this.state(table), ...change });
  }
}
