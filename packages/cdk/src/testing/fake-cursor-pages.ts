// Lists whose pages have a position of the next one in their body.

import type { JsonObject, JsonValue } from '@weir/schema/json';
import type { FakeList } from './fake-vendor.ts';
import type { TableRow } from './scripted-table.ts';

export interface FakeCursorPagesOptions {
  /** The parameter of the position. */
  readonly param: string;
  /** The parameter of the number of rows. */
  readonly sizeParam: string;
  /** However many rows are asked for, a page has no more. */
  readonly most: number;
  /** The body of a page; `next` is undefined on the last one. */
  readonly body: (rows: JsonObject[], next: string | undefined) => JsonValue;
  /** The rows that are asked for. The position counts among them, so the filter is sent with each page. */
  readonly filter?: (row: TableRow, query: URLSearchParams) => boolean;
}

/** A position is the id of the last row before it. */
export function fakeCursorPages({
  param,
  sizeParam,
  most,
  body,
  filter = () => true,
}: FakeCursorPagesOptions): FakeList {
  return (rows, { searchParams }) => {
    const after = Number(searchParams.get(param) ?? 0);
    const size = Math.min(Number(searchParams.get(sizeParam) ?? most), most);
    const wanted = rows.filter((row) => row.id > after && filter(row, searchParams));
    const page = wanted.slice(0, size);
    const next = wanted.length > size ? String(page.at(-1)?.id ?? 0) : undefined;
    return {
      body: body(
        page.map(({ row }) => row),
        next,
      ),
    };
  };
}
