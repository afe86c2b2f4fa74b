// Every kind of stream over the scripted world, written as an author of a connector would write raw ones.

import type { SeededRandom } from '@weir/testing';
import { documents } from '../src/documents/document-batch.ts';
import {
  backfillNeeded,
  type ChangeStream,
  type Cursor,
  deletions,
  nextPage,
  type PagePosition,
  reached,
  type SnapshotStream,
} from '../src/engine/stream.ts';
import { horizon, type Instant } from '../src/time/instant.ts';
import { LATEST_MS, type ScriptedTable, SECOND_NS, type TableRow } from '../src/testing/scripted-table.ts';

/** Rows that were updated in a window, drained page by page. Deletions are not seen: the world keeps them out of it. */
export function windowed(
  world: ScriptedTable,
  random: SeededRandom,
  { lagMs = LATEST_MS, pageSize = 3, keeps = (_id: number): boolean => true } = {},
): ChangeStream<Cursor> {
  const pages = async function* (
    isIn: (updatedAt: Instant) => boolean,
    after: number,
    signal: AbortSignal,
  ): AsyncGenerator<{ rows: TableRow[]; last: number }> {
    for (let last = after; ;) {
      await world.answer(signal);
      const rows = world
        .visible()
        .filter(({ id, updatedAt }) => id > last && keeps(id) && isIn(updatedAt))
        .slice(0, pageSize);
      const end = rows.at(-1);
      if (end === undefined) return;
      last = end.id;
      yield { rows, last };
    }
  };
  return {
    lagMs,
    initial: (nowMs) => {
      const cutoff = horizon(nowMs, SECOND_NS, lagMs);
      return { cursor: cutoff, cutoff };
    },
    async *fetchChanges({ cursor, nowMs, signal }) {
      const from = cursor as Instant;
      const to = horizon(nowMs, SECOND_NS, lagMs);
      if (!to.isAfter(from)) return;
      const isIn = (at: Instant): boolean => at.isAfter(from) && !at.isAfter(to);
      for await (const { rows } of pages(isIn, 0, signal)) yield documents(rows.map(({ row }) => row));
      yield reached(to);
    },
    async *fetchPage({ page, cutoff, signal }) {
      const isIn = (at: Instant): boolean => !at.isAfter(cutoff as Instant);
      for await (const { rows, last } of pages(isIn, lastOf(page), signal)) {
        yield documents(rows.map(({ row }) => row));
        // A call may cover one page or several, and a position may be of any kind.
        yield nextPage(
          random.pick<PagePosition>([last, String(last), { after: { id: last }, [`x${last}`]: 1 }]),
        );
        if (random.chance(0.5)) return;
      }
    },
  };
}

function lastOf(page: PagePosition | undefined): number {
  if (page === undefined) return 0;
  if (typeof page !== 'object') return Number(page);
  return (page['after'] as { id: number }).id;
}

/** A log with numbers, which tells of deletions. */
export function numbered(world: ScriptedTable): ChangeStream<Cursor> {
  return {
    initial: () => ({ cursor: 0n }),
    async *fetchChanges({ cursor, signal }) {
      await world.answer(signal);
      const entries = world.log.filter(({ sequence }) => sequence > (cursor as bigint)).slice(0, 5);
      for (const { id, row, sequence } of entries) {
        yield row === undefined ? deletions([[id]]) : documents([row]);
        if (sequence % 2n === 0n) yield reached(sequence);
      }
      const last = entries.at(-1);
      if (last !== undefined && last.sequence % 2n !== 0n) yield reached(last.sequence);
    },
  };
}

/** Opaque tokens that the API sometimes no longer knows; then everything is listed again. */
export function tokened(world: ScriptedTable, random: SeededRandom): ChangeStream<Cursor> {
  const logAt = (token: string): number => Number(token.slice(1));
  return {
    initial: () => ({ cursor: `t${world.log.length}`, cutoff: '' }),
    async *fetchChanges({ cursor, signal }) {
      await world.answer(signal);
      if (random.chance(0.05)) {
        yield backfillNeeded('the token has expired');
        return;
      }
      const from = logAt(cursor as string);
      const entries = world.log.slice(from, from + 4);
      for (const { id, row } of entries) yield row === undefined ? deletions([[id]]) : documents([row]);
      if (entries.length > 0) yield reached(`t${from + entries.length}`);
    },
    // What was deleted while the token expired is not seen by a listing: this world says it with the first page.
    async *fetchPage({ page, signal }) {
      await world.answer(signal);
      const after = lastOf(page);
      const current = world.table();
      if (page === undefined) {
        const gone = new Set(world.log.map(({ id }) => id).filter((id) => !current.has(`[${id}]`)));
        yield deletions([...gone].map((id) => [id]));
      }
      const rows = [...current.values()]
        .filter(({ id }) => Number(id) > after)
        .sort((left, right) => Number(left['id']) - Number(right['id']))
        .slice(0, 4);
      yield documents(rows);
      const last = rows.at(-1);
      if (last !== undefined) yield nextPage(Number(last['id']));
    },
  };
}

export function snapshotted(world: ScriptedTable, key?: readonly string[]): SnapshotStream {
  return {
    ...(key === undefined ? {} : { key }),
    async *fetchSnapshot({ signal }) {
      const rows = world.visible().map(({ row }) => row);
      for (let index = 0; index < rows.length; index += 3) {
        await world.answer(signal);
        yield documents(rows.slice(index, index + 3));
      }
      await world.answer(signal);
    },
  };
}
