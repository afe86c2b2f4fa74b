// Lists of the fake vendor beyond those that connectors need.

import type { FakeList } from '../src/testing/fake-vendor.ts';
import type { ScriptedTable, TableRow } from '../src/testing/scripted-table.ts';
import type { Instant } from '../src/time/instant.ts';

/** Newest first by a time, three at a time; a position is the last row of a page. */
export function fakeDescent(timeOf: (row: TableRow) => Instant = ({ updatedAt }) => updatedAt): FakeList {
  const order = (left: TableRow, right: TableRow): number =>
    timeOf(right).compare(timeOf(left)) || left.id - right.id;
  return (rows, { searchParams }) => {
    const [at, id] = (searchParams.get('after') ?? '').split(' ');
    const below = rows
      .filter((row) => {
        if (at === undefined || id === undefined) return true;
        const time = timeOf(row).toString();
        return time < at || (time === at && row.id > Number(id));
      })
      .toSorted(order);
    const page = below.slice(0, 3);
    const last = page.at(-1);
    const next = last === undefined || below.length <= 3 ? null : `${timeOf(last).toString()} ${last.id}`;
    return { body: { data: page.map(({ row }) => row), next } };
  };
}

/** The rows newest first, or with `view=events` what happened to them, newest first, between two times. */
export function fakeEvents(): FakeList {
  const list = fakeDescent(({ createdAt }) => createdAt);
  return (rows, url, table, ...rest) => {
    const { searchParams } = url;
    if (searchParams.get('view') !== 'events') return list(rows, url, table, ...rest);
    const [from, to] = [searchParams.get('from') ?? '', searchParams.get('to') ?? ''];
    const after = Number(searchParams.get('after') ?? Infinity);
    const wanted = table.log
      .filter(
        ({ at, visibleAtMs }) => at.toString() >= from && at.toString() <= to && visibleAtMs <= table.nowMs,
      )
      .filter(({ sequence }) => Number(sequence) < after)
      .toReversed();
    const page = wanted.slice(0, 3);
    return {
      body: {
        data: page.map(({ id, row, at }) => ({
          type: row === undefined ? 'row.deleted' : 'row.updated',
          created: at.toString(),
          object: row ?? { id },
        })),
        next: wanted.length > 3 ? Number(page.at(-1)?.sequence) : null,
      },
    };
  };
}

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

interface FakeJob {
  readonly rows: readonly TableRow[];
  readonly doneMs: number;
}

/**
 * A list that makes files: `do=create` with `from` and `to` has one made of the rows as they are then, `do=poll` says how far it
 * is, `do=file` gives it. A job of more than twenty rows is too large, and one is forgotten after two minutes.
 */
export function fakeExports(): FakeList {
  const jobs = new WeakMap<ScriptedTable, FakeJob[]>();
  return (rows, { searchParams }, table) => {
    const known = jobs.get(table) ?? [];
    jobs.set(table, known);
    const job = known[Number(searchParams.get('id'))];
    switch (searchParams.get('do')) {
      case 'create': {
        const [from, to] = [searchParams.get('from') ?? '', searchParams.get('to') ?? ''];
        const wanted = rows.filter(({ updatedAt }) => {
          const at = updatedAt.toString();
          return at >= from && at <= to;
        });
        known.push({ rows: wanted, doneMs: table.nowMs + 20_000 });
        return { body: { job: { id: known.length - 1 } } };
      }
      case 'poll':
        if (job === undefined || table.nowMs > job.doneMs + 120_000)
          return { status: 404, text: 'no such job' };
        if (table.nowMs < job.doneMs) return { body: { status: 'running' } };
        return { body: { status: job.rows.length > 20 ? 'too many rows' : 'done' } };
      default:
        return { body: (job?.rows ?? []).map(({ row }) => row) };
    }
  };
}
