// What a batch capture asks of a database.

import type { JsonSchema } from '@weir/connector';
import type { BatchBinding } from './binding.ts';
import type { Poll } from './poll.ts';
import type { BindingState } from './state.ts';

export interface BatchDatabase {
  /** How a binding is polled from this state on. Throws what is wrong with its resource. */
  poller(binding: BatchBinding, state: BindingState): Poller;
  /** Schemas of the tables of these bindings, by index; bindings whose table has none are left out. */
  sourcedSchemas(bindings: readonly BatchBinding[]): Promise<ReadonlyMap<number, JsonSchema>>;
  /** The server broke a query off for reasons of its own, and the same query may go through later. */
  isInterruption(error: unknown): boolean;
}

export interface Poller {
  /** The name of the way of polling, which the state keeps; another one starts over. */
  readonly mode: string;
  /** Captures what there is and closes with a checkpoint that sets `lastPolled`. */
  poll(poll: Poll): Promise<void>;
}
