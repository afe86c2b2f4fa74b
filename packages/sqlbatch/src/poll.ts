// One poll of one binding, as the code that reads the rows sees it: documents go in, checkpoints come at places where
// going on from the new state gives exactly the rows that are not yet captured.

import { bindingPatch } from '@weir/capture';
import { crashPoint } from '@weir/crash-point';
import type { Logger } from '@weir/connector';
import type { BatchBinding } from './binding.ts';
import type { SqlBatchCrashPoint } from './crash-points.ts';
import type { DocumentGroup } from './document-group.ts';
import type { DocumentLayout } from './document-layout.ts';
import type { RowSource } from './rows.ts';
import { type BindingState, statePatch } from './state.ts';

/** After as many documents a poll looks for a place to checkpoint. */
const CHECKPOINT_DOCUMENTS = 1000;

export class Poll {
  readonly binding: BatchBinding;
  readonly log: Logger;
  readonly signal: AbortSignal;
  /** RFC 3339, when the poll began. */
  readonly polled: string;
  readonly #group: DocumentGroup;
  readonly #taken: (state: BindingState) => void;
  #state: BindingState;
  #index = 0;

  constructor(
    binding: BatchBinding,
    start: { readonly state: BindingState; readonly polled: string },
    group: DocumentGroup,
    surroundings: { readonly log: Logger; readonly signal: AbortSignal },
    /** Told each state that a checkpoint has taken. */
    taken: (state: BindingState) => void,
  ) {
    this.binding = binding;
    this.log = surroundings.log;
    this.signal = surroundings.signal;
    this.polled = start.polled;
    this.#state = start.state;
    this.#group = group;
    this.#taken = taken;
  }

  /** As the last checkpoint has it. */
  get state(): BindingState {
    return this.#state;
  }

  /** Documents of this poll. */
  get documents(): number {
    return this.#index;
  }

  /** It is time for a checkpoint, where the rows allow one. */
  get wantsCheckpoint(): boolean {
    return this.#group.count >= CHECKPOINT_DOCUMENTS || this.#group.isFull || this.#group.isOpen;
  }

  /** Adds the selected row. `op` is written only for collections keyed by the row's number. */
  row(layout: DocumentLayout, rows: RowSource, rowId: number, op: 'c' | 'u'): void {
    layout.write(this.#group.buffer, rows, this.#meta(rowId, op));
    this.#group.added();
    pass('sqlbatch.mid-poll');
  }

  /** Adds a document that says that a row is gone. */
  deleted(layout: DocumentLayout, rowId: number): void {
    layout.writeMetaOnly(this.#group.buffer, this.#meta(rowId, 'd'));
    this.#group.added();
  }

  #meta(rowId: number, op: 'c' | 'u' | 'd') {
    const index = this.#index;
    this.#index += 1;
    return { polled: this.polled, index, rowId, op: this.binding.hasRowIdKey ? op : undefined };
  }

  /** Awaited after each row: sends documents on when many have gathered. */
  get isFull(): boolean {
    return this.#group.isFull;
  }

  flush(): Promise<void> {
    return this.#group.flush();
  }

  async checkpoint(change: Partial<BindingState>): Promise<void> {
    this.signal.throwIfAborted();
    const next = { ...this.#state, ...change };
    await this.#group.checkpoint(bindingPatch(this.binding.stateKey, statePatch(next, this.#state)));
    this.#state = next;
    this.#taken(next);
  }
}

function pass(name: SqlBatchCrashPoint): void {
  crashPoint(name);
}
