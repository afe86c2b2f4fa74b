// Lists below the rows of other lists.

import type { JsonObject } from '@weir/schema/json';
import type { Paging } from '../paging/paging.ts';
import type {
  ChangesDefinition,
  ChildChangesDefinition,
  DescentDefinition,
  EventsDefinition,
  TokenDefinition,
} from './definition.ts';
import type { Known, KnownRow, ListOptions } from './list-options.ts';
import type { DeletionOptions, KeyOptions, RowIdentity, StreamOptions } from './stream-options.ts';

/** How a list below a row finds it, and says so. */
interface RowAbove {
  /** Where a row above has its id. */
  readonly id: string;
  /**
   * The member of `_meta` that holds it in each document; `/name` for the member `name` of the document itself. Nothing holds it
   * when absent.
   */
  readonly as?: string;
}

/** Rows that have others below them; they may be below others themselves. */
export type ListAbove<C = unknown> = ListOptions<Paging, Known<C>> | ListsBelow<C>;

/** A list below each row of another list. */
export interface ListsBelow<C = unknown> extends Omit<ListOptions<Paging, KnownRow<C>>, 'path'>, RowAbove {
  /** The rows above, of one list or of several. Only their ids are kept, and all of them before the first list is asked for. */
  readonly of: ListAbove<C> | readonly ListAbove<C>[];
  /** The path of the list below a row. Ids are encoded already; `above`: of what is above that row, the nearest first. */
  readonly path: (id: string, ...above: readonly string[]) => string;
  /** A row that is below several rows is taken once, and is known by this: a JSON pointer. */
  readonly once?: string;
}

/** All lists below together are one snapshot. */
export type ChildrenOptions<C = unknown> = ListsBelow<C> & StreamOptions & RowIdentity;

/** The list below each row of another list, whenever that row changes. */
export interface ChildChangesOptions<C = unknown>
  extends
    Omit<ListOptions<Paging, KnownRow<C>>, 'path'>,
    RowAbove,
    StreamOptions,
    KeyOptions,
    DeletionOptions {
  /** The changes of the rows above, which may be below others themselves. A change below has to be one of them. */
  readonly of:
    | ChangesDefinition<C>
    | ChildChangesDefinition<C>
    | DescentDefinition<C>
    | EventsDefinition<C>
    | TokenDefinition<C>;
  /** The path of the list below a row; the id is encoded already. */
  readonly path: (id: string) => string;
  /** Whether a row above may have anything below it; every one when absent. */
  readonly has?: (above: JsonObject) => boolean;
  /** The list below, where the row above holds all of it: it is not asked for then. */
  readonly held?: (above: JsonObject) => readonly JsonObject[] | undefined;
}
