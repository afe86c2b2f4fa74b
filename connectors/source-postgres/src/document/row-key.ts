// The packed key of a row, over the key columns of its table's state.

import { tupleKind, type TupleView } from '@weir/pgwire';
import { compileKeyPacker, type KeyPacker, type TypeCatalog } from '@weir/postgres';
import { TuplePacker } from '@weir/protocol';
import type { RowTable } from './row-table.ts';
import { columnOf } from './row-table.ts';

interface KeyPart {
  readonly column: number;
  readonly pack: KeyPacker;
}

export class RowKey {
  readonly #parts: readonly KeyPart[];
  readonly #packer = new TuplePacker();

  /** Throws PG_KEY_COLUMN_MISSING. */
  constructor(table: RowTable, catalog: TypeCatalog) {
    this.#parts = table.keyColumns.map((name) => {
      const column = columnOf(table, name);
      return { column, pack: compileKeyPacker(catalog.get(table.columns[column]?.typeOid ?? 0)) };
    });
  }

  /** Whether the key needs this column of the tuple. */
  has(column: number): boolean {
    return this.#parts.some((part) => part.column === column);
  }

  /** Valid until the next call. `old` supplies values that the change did not touch. */
  pack(bytes: Buffer, tuple: TupleView, old?: TupleView): Buffer {
    const packer = this.#packer.reset();
    this.append(packer, bytes, tuple, old);
    return packer.view();
  }

  /** Adds the key to what the packer holds. */
  append(packer: TuplePacker, bytes: Buffer, tuple: TupleView, old?: TupleView): void {
    for (const { column, pack } of this.#parts) {
      const from = tuple.kinds[column] === tupleKind.unchanged && old !== undefined ? old : tuple;
      if (from.kinds[column] === tupleKind.text) {
        pack(packer, bytes, from.starts[column] ?? 0, from.ends[column] ?? 0);
      } else packer.null();
    }
  }
}
