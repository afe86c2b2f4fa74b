// Which bound table a change is of, and how it becomes a document.

import type { PgOutputChange, PgOutputRelation } from '@weir/pgwire';
import { isBackfilling, type TableMode, type TableState } from '@weir/sqlcapture';
import { isScanned, type Watershed, watershedOf } from '../backfill/watershed.ts';
import type { RowPlan } from '../document/row-plan.ts';

export interface Route {
  readonly table: number;
  /** What the plan was made for: another table may have had, or get, the name of a bound one. */
  readonly relation: PgOutputRelation;
  readonly plan: RowPlan;
  /** See `mayBeUnread`. */
  readonly mayBeUnread: boolean;
}

interface ActiveTable {
  readonly keyColumns: readonly string[];
  readonly watershed: Watershed | undefined;
  readonly mode: TableMode;
  route: Route | undefined;
}

type PlanOf = (table: number, relation: PgOutputRelation, keyColumns: readonly string[]) => RowPlan;

export class ChangeRoutes {
  readonly #planOf: PlanOf;
  readonly #active = new Map<number, ActiveTable>();
  readonly #tableOfRelation = new Map<number, number | undefined>();

  constructor(planOf: PlanOf) {
    this.#planOf = planOf;
  }

  activate(table: number, state: Pick<TableState, 'keyColumns' | 'metadata' | 'mode'>): void {
    const current = this.#active.get(table);
    const keyColumns = state.keyColumns ?? [];
    const isSame =
      state.mode === current?.mode && JSON.stringify(current.keyColumns) === JSON.stringify(keyColumns);
    this.#active.set(table, {
      keyColumns,
      watershed: watershedOf(state.metadata),
      mode: state.mode,
      route: isSame ? current?.route : undefined,
    });
  }

  deactivate(table: number): void {
    this.#active.delete(table);
  }

  /** From here on, `relation` is that of the bound table, or of none. */
  identify(relation: PgOutputRelation, table: number | undefined): void {
    this.#tableOfRelation.set(relation.id, table);
  }

  /** The bound table, whether it is active or not. */
  tableOf({ id }: PgOutputRelation): number | undefined {
    return this.#tableOfRelation.get(id);
  }

  /** Undefined when the change is not wanted, or the scan delivers what came of it. */
  of({ relation }: PgOutputChange, table: number, xid: number): Route | undefined {
    const active = this.#active.get(table);
    if (active === undefined || isTheScans(active, xid)) return undefined;
    if (active.route?.relation !== relation) {
      const plan = this.#planOf(table, relation, active.keyColumns);
      active.route = { table, relation, plan, mayBeUnread: mayBeUnread(active, plan, relation) };
    }
    return active.route;
  }

  /** The active tables that a TRUNCATE is of, without those of which the scan reads what came after it. */
  truncated(relations: readonly PgOutputRelation[], xid: number): readonly number[] {
    return relations.flatMap((relation) => {
      const table = this.tableOf(relation);
      const active = table === undefined ? undefined : this.#active.get(table);
      return table === undefined || active === undefined || isTheScans(active, xid) ? [] : [table];
    });
  }
}

function isTheScans({ watershed }: ActiveTable, xid: number): boolean {
  return watershed !== undefined && isScanned(watershed, xid);
}

/**
 * Whether an update may be of a row that the collection has not, and will not get from the scan: the row may move to a page
 * that was read before, or to a place before the one where a scan stands along columns that are not the collection's key. Without
 * a key there is nothing to merge with anyway, nor to find the row by.
 */
function mayBeUnread(
  { mode, keyColumns }: ActiveTable,
  { collectionKey }: RowPlan,
  { columns }: PgOutputRelation,
): boolean {
  if (collectionKey.length === 0) return false;
  if (mode === 'KeylessBackfill') return true;
  const merged = new Set(collectionKey.map((column) => columns[column]?.name));
  return isBackfilling(mode) && keyColumns.some((name) => !merged.has(name));
}
