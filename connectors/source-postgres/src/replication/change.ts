// One change as the engine sees it: a view of the wire bytes that turns into a document when it is wanted.

import type { JsonBuffer } from '@weir/json-bytes';
import type { PgOutputChange } from '@weir/pgwire';
import type { ChangeEvent } from '@weir/sqlcapture';
import type { RowPlan } from '../document/row-plan.ts';
import type { ChangeLsn, TransactionMeta } from '../document/transaction-meta.ts';

/** An update of a row's key is two events: the old row goes, the new one comes. */
export type ChangePart = 'whole' | 'departure' | 'arrival';

export class PgChangeEvent implements ChangeEvent {
  readonly kind = 'change';
  table = 0;
  readonly #out: JsonBuffer;
  readonly #transaction: TransactionMeta;
  #plan: RowPlan | undefined;
  #change: PgOutputChange | undefined;
  #part: ChangePart = 'whole';
  #lsn: ChangeLsn = 0;

  constructor(out: JsonBuffer, transaction: TransactionMeta) {
    this.#out = out;
    this.#transaction = transaction;
  }

  set(table: number, plan: RowPlan, change: PgOutputChange, part: ChangePart, lsn: ChangeLsn): this {
    this.table = table;
    this.#plan = plan;
    this.#change = change;
    this.#part = part;
    this.#lsn = lsn;
    return this;
  }

  key(): Buffer {
    const { plan, change } = this.#set();
    const old = change.oldKind === 'none' ? undefined : change.oldTuple;
    if (change.kind === 'delete' || this.#part === 'departure')
      return plan.key.pack(change.bytes, change.oldTuple);
    return plan.key.pack(change.bytes, change.newTuple, old);
  }

  document(): Buffer {
    const { plan, change } = this.#set();
    const out = this.#out;
    out.reset();
    const { bytes, oldKind, oldTuple, newTuple } = change;
    const [transaction, lsn] = [this.#transaction, this.#lsn];
    const oldKeyOnly = oldKind === 'key';
    if (change.kind === 'delete' || this.#part === 'departure') {
      plan.writeChange(out, 'd', transaction, lsn, bytes, oldTuple, oldKeyOnly, undefined, false, false);
    } else {
      const isUpdate = change.kind === 'update' && this.#part === 'whole';
      const old = oldKind === 'none' ? undefined : oldTuple;
      plan.writeChange(
        out,
        isUpdate ? 'u' : 'c',
        transaction,
        lsn,
        bytes,
        newTuple,
        false,
        old,
        oldKeyOnly,
        isUpdate,
      );
    }
    return out.view();
  }

  #set(): { plan: RowPlan; change: PgOutputChange } {
    if (this.#plan === undefined || this.#change === undefined) throw new Error('the event is not set');
    return { plan: this.#plan, change: this.#change };
  }
}
