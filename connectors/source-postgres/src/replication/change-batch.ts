// Changes of one table in a row, as documents in one buffer: nothing is called or allocated per change further up.

import { JsonBuffer } from '@weir/json-bytes';
import type { PgOutputChange, TupleView } from '@weir/pgwire';
import { TuplePacker } from '@weir/protocol';
import type { ByteList, ChangesEvent, WantedChanges } from '@weir/sqlcapture';
import type { RowPlan } from '../document/row-plan.ts';
import type { ChangeLsn, TransactionMeta } from '../document/transaction-meta.ts';

/** An update of a row's key is two documents: the old row goes, the new one comes. */
export type ChangePart = 'whole' | 'departure' | 'arrival';

/** Of documents: as much as one write to the runtime holds. */
const BATCH_BYTES = 256 * 1024;
const BATCH_CHANGES = 4096;

export class ChangeBatch implements ChangesEvent {
  readonly kind = 'changes';
  table = 0;
  count = 0;
  readonly #transaction: TransactionMeta;
  readonly #out = new JsonBuffer();
  /** One more than may be begun with: an update of a key is two. */
  readonly #ends = new Uint32Array(BATCH_CHANGES + 1);
  readonly #keys = new TuplePacker();
  readonly #keyEnds = new Uint32Array(BATCH_CHANGES + 1);
  #wanted: WantedChanges = 'none';

  constructor(transaction: TransactionMeta) {
    this.#transaction = transaction;
  }

  begin(table: number, wanted: WantedChanges): void {
    this.table = table;
    this.#wanted = wanted;
    this.count = 0;
    this.#out.reset();
    this.#keys.reset();
  }

  get isFull(): boolean {
    return this.#out.length >= BATCH_BYTES || this.count >= BATCH_CHANGES;
  }

  get documents(): ByteList {
    return { bytes: this.#out.view(), ends: this.#ends };
  }

  get keys(): ByteList | undefined {
    return this.#wanted === 'keyed' ? { bytes: this.#keys.view(), ends: this.#keyEnds } : undefined;
  }

  /** Of a change whose tuples have been read. */
  add(plan: RowPlan, change: PgOutputChange, part: ChangePart, lsn: ChangeLsn): void {
    if (this.#wanted === 'none') return;
    if (Buffer.isBuffer(this.#wanted) && Buffer.compare(keyOf(plan, change, part), this.#wanted) > 0) return;
    const { bytes, kind, oldKind, oldTuple, newTuple } = change;
    const out = this.#out;
    const oldKeyOnly = oldKind === 'key';
    if (kind === 'delete' || part === 'departure') {
      plan.writeChange(
        out,
        'd',
        this.#transaction,
        lsn,
        bytes,
        oldTuple,
        oldKeyOnly,
        undefined,
        false,
        false,
      );
    } else {
      const isUpdate = kind === 'update' && part === 'whole';
      const old = oldKind === 'none' ? undefined : oldTuple;
      const operation = isUpdate ? 'u' : 'c';
      plan.writeChange(
        out,
        operation,
        this.#transaction,
        lsn,
        bytes,
        newTuple,
        false,
        old,
        oldKeyOnly,
        isUpdate,
      );
    }
    if (this.#wanted === 'keyed') {
      appendKey(this.#keys, plan, change, part);
      this.#keyEnds[this.count] = this.#keys.length;
    }
    this.#ends[this.count] = out.length;
    this.count += 1;
  }
}

function keyOf({ key }: RowPlan, change: PgOutputChange, part: ChangePart): Buffer {
  const [tuple, old] = keyTuples(change, part);
  return key.pack(change.bytes, tuple, old);
}

function appendKey(keys: TuplePacker, { key }: RowPlan, change: PgOutputChange, part: ChangePart): void {
  const [tuple, old] = keyTuples(change, part);
  key.append(keys, change.bytes, tuple, old);
}

/** The row whose key counts, and where it has values that the change did not touch. */
function keyTuples(
  { kind, oldKind, oldTuple, newTuple }: PgOutputChange,
  part: ChangePart,
): readonly [TupleView, TupleView | undefined] {
  if (kind === 'delete' || part === 'departure') return [oldTuple, undefined];
  return [newTuple, oldKind === 'none' ? undefined : oldTuple];
}
