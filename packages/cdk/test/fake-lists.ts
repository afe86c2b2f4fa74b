// Lists of the fake vendor beyond those that connectors need.

import type { FakeList } from '../src/testing/fake-vendor.ts';
import type { ScriptedTable, TableRow } from '../src/testing/scripted-table.ts';

/** Newest first, three at a time; a position is the last row of a page. */
export const fakeDescent: FakeList = (rows, { searchParams }) => {
  const order = (left: TableRow, right: TableRow): number =>
    right.updatedAt.compare(left.updatedAt) || left.id - right.id;
  const [at, id] = (searchParams.get('after') ?? '').split(' ');
  const below = rows
    .filter(({ updatedAt, id: own }) => {
      if (at === undefined || id === undefined) return true;
      const time = updatedAt.toString();
      return time < at || (time === at && own > Number(id));
    })
    .toSorted(order);
  const page = below.slice(0, 3);
  const last = page.at(-1);
  const next = last === undefined || below.length <= 3 ? null : `${last.updatedAt.toString()} ${last.id}`;
  return { body: { data: page.map(({ row }) => row), next } };
};

/**
 * What happened to the table, in its order, three entries at a time, and the number of the last one. With `forgetsEvery`,
 * the number that was given is refused once whenever so many more entries have been written.
 */
export function fakeLog({ forgetsEvery = Infinity } = {}): FakeList {
  const forgotten = new WeakMap<ScriptedTable, number>();
  return (_rows, { searchParams }, table) => {
    const age = Math.floor(table.log.length / forgetsEvery);
    if (searchParams.has('after') && age > (forgotten.get(table) ?? 0)) {
      forgotten.set(table, age);
      return { status: 410, text: 'the token is too old' };
    }
    const after = Number(searchParams.get('after') ?? 0);
    const page = table.log.slice(after, after + 3);
    return {
      body: {
        data: page.map(({ id, row, sequence }) =>
          row === undefined
            ? { id, sequence: Number(sequence), deleted: true }
            : { ...row, sequence: Number(sequence) },
        ),
        token: String(after + page.length),
        more: after + page.length < table.log.length,
      },
    };
  };
}
