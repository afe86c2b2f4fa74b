// What a session over a SQL destination does, whichever database it is: the tests of it, which each connector runs over its own.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Authoritative } from '@weir/materialize';
import type { MaterializeValidatedBinding, RangeSpec } from '@weir/protocol';
import type { SampleBinding } from './materialization-spec.ts';
import { checkpointAt, commitAt, loadAll, transact } from './transactions.ts';

export type SinkTable = Omit<SampleBinding, 'resourcePath' | 'resource'> & { readonly table: string };

/** A connector over a database of its own. */
export interface SinkSubject {
  readonly apply: (...tables: readonly SinkTable[]) => Promise<string>;
  readonly validate: (...tables: readonly SinkTable[]) => Promise<readonly MaterializeValidatedBinding[]>;
  /** Over the tables that were applied last. */
  readonly open: (range?: RangeSpec) => Promise<Authoritative>;
  readonly query: (sql: string) => Promise<readonly Readonly<Record<string, unknown>>[]>;
  readonly execute: (sql: string) => Promise<unknown>;
}

/** Gives the test a connector, with hard deletes or without, and takes it away after it. */
export type WithSink = (hardDelete: boolean, work: (sink: SinkSubject) => Promise<void>) => Promise<void>;

const things: SinkTable = {
  table: 't',
  fields: { id: { types: ['integer'] }, v: { types: ['string'], exists: 'MAY' } },
};

const range = (keyBegin: number, keyEnd: number): RangeSpec => ({
  keyBegin,
  keyEnd,
  rClockBegin: 0,
  rClockEnd: 0xffffffff,
});

/** Drivers give numbers as numbers or as texts. */
async function texts({ query }: SinkSubject, sql: string): Promise<readonly (readonly string[])[]> {
  return (await query(sql)).map((row) => Object.values(row).map(String));
}

/** To be called where the tests belong, such as in the `describe` of a server. */
export function testSinkSessions(withSink: WithSink): void {
  for (const hardDelete of [false, true]) {
    const what = hardDelete ? 'hard' : 'soft';
    void test(`rows are inserted, replaced and removed (${what} deletes), in the first transaction of a session and in later ones`, () =>
      withSink(hardDelete, async (sink) => {
        await sink.apply(things);
        await using session = await sink.open();
        for (let round = 0; round < 3; round += 1) {
          const [a, b, c] = [round * 10, round * 10 + 1, round * 10 + 2];
          await transact(session, round * 2 + 1, [
            { key: [a], values: ['a'] },
            { key: [b], values: ['b'] },
          ]);
          await transact(session, round * 2 + 2, [
            { key: [a], values: ['changed'], exists: true },
            { key: [b], values: ['gone'], exists: true, delete: true },
            { key: [c], values: [null] },
          ]);
          const rows = await texts(sink, `SELECT id, v FROM t WHERE id >= ${a} ORDER BY id`);
          const gone = hardDelete ? [] : [[`${b}`, 'gone']];
          assert.deepEqual(rows, [[`${a}`, 'changed'], ...gone, [`${c}`, 'null']]);
        }
      }));
  }

  void test('a row that somebody deleted by hand is stored again, not lost', () =>
    withSink(false, async (sink) => {
      await sink.apply(things);
      await using session = await sink.open();
      await transact(session, 1, [{ key: [1], values: ['a'] }]);
      await sink.execute('DELETE FROM t');
      await transact(session, 2, [{ key: [1], values: ['b'], exists: true }]);
      assert.deepEqual(await texts(sink, 'SELECT id, v FROM t'), [['1', 'b']]);
    }));

  void test('an empty transaction moves the checkpoint, also to the same place again', () =>
    withSink(false, async (sink) => {
      await sink.apply(things);
      {
        await using session = await sink.open();
        await transact(session, 5, []);
        await transact(session, 5, []);
      }
      await using next = await sink.open();
      assert.deepEqual(next.checkpoint, checkpointAt(5));
    }));

  void test('a checkpoint of more than a mebibyte comes back as it was', () =>
    withSink(false, async (sink) => {
      const large = { sources: {}, ackIntents: { journal: Buffer.alloc(2 << 20, 7) } };
      await sink.apply(things);
      {
        await using session = await sink.open();
        await (
          await session.commit(large)
        )?.committed;
      }
      await using next = await sink.open();
      assert.deepEqual(next.checkpoint, large);
    }));

  void test('a range that is split goes on from its parent; merged ones from where both ended, if they did', () =>
    withSink(false, async (sink) => {
      await sink.apply(things);
      await using whole = await sink.open();
      await transact(whole, 10, []);
      const [low, high] = [range(0, 0x7fffffff), range(0x80000000, 0xffffffff)];
      {
        await using left = await sink.open(low);
        await using right = await sink.open(high);
        assert.deepEqual([left.checkpoint, right.checkpoint], [checkpointAt(10), checkpointAt(10)]);
        await assert.rejects(commitAt(whole, 11), { code: 'SQL_FENCED_OFF' });
        await transact(left, 20, [{ key: [1], values: ['left'] }]);
        await transact(right, 30, [{ key: [2], values: ['right'] }]);
        await assert.rejects(sink.open(), { code: 'SQL_RANGES_DIVERGED' });
        await transact(left, 30, []);
      }
      {
        await using merged = await sink.open();
        assert.deepEqual(merged.checkpoint, checkpointAt(30));
        await transact(merged, 40, []);
      }
      await using again = await sink.open(low);
      assert.deepEqual(again.checkpoint, checkpointAt(40));
    }));

  void test('sessions that open at the same time leave one row, and only the newest commits', () =>
    withSink(false, async (sink) => {
      await sink.apply(things);
      const sessions = await Promise.all(Array.from({ length: 5 }, () => sink.open()));
      const outcomes: string[] = [];
      for (const [at, session] of sessions.entries()) {
        const told = ({ code }: { readonly code: string }): string => code;
        outcomes.push(await commitAt(session, at + 1).then(() => 'committed', told));
      }
      for (const session of sessions) await session[Symbol.asyncDispose]();
      assert.deepEqual(outcomes.toSorted(), [...Array<string>(4).fill('SQL_FENCED_OFF'), 'committed']);
      assert.deepEqual(await texts(sink, 'SELECT fence FROM flow_checkpoints_v1'), [['4']]);
    }));

  void test('delta updates keep every document as a row, beside a table of one row for each key', () =>
    withSink(true, async (sink) => {
      await sink.apply(things, { ...things, table: 'events', deltaUpdates: true });
      await using session = await sink.open();
      for (const offset of [1, 2]) {
        await transact(session, offset, [
          { key: [1], values: [`${offset}`], exists: offset > 1 },
          { binding: 1, key: [1], values: [`${offset}`] },
          { binding: 1, key: [1], values: ['again'], delete: true, exists: true },
        ]);
      }
      assert.deepEqual(await texts(sink, 'SELECT v FROM t'), [['2']]);
      const events = await texts(sink, 'SELECT v FROM events ORDER BY v');
      assert.deepEqual(events, [['1'], ['2'], ['again'], ['again']]);
      assert.equal((await loadAll(session, [[1]])).length, 1);
      assert.deepEqual(await loadAll(session, [[1]], { binding: 1 }), []);
    }));

  void test('with groupBy, a row is found by its fields, in their order, and not by the key of the collection', () =>
    withSink(true, async (sink) => {
      const table: SinkTable = {
        table: 'grouped',
        fields: {
          id: { types: ['integer'] },
          kind: { types: ['string'] },
          area: { types: ['integer'] },
          v: { types: ['string'], exists: 'MAY' },
        },
        groupBy: ['kind', 'area'],
      };
      await sink.apply(table);
      const [validated] = await sink.validate(table);
      const required = validated?.constraints.filter(
        ({ constraint }) => constraint.type === 'FIELD_REQUIRED',
      );
      assert.deepEqual(required?.map(({ field }) => field).sort(), ['area', 'flow_document', 'kind']);
      assert.equal(await sink.apply(table), '');
      await using session = await sink.open();
      const row = (kind: string, area: number, id: number, v: string) => ({
        key: [kind, area],
        values: [id, v],
        doc: JSON.stringify({ v }),
      });
      await transact(session, 1, [row('a', 1, 7, 'one'), row('a', 2, 7, 'two'), row('b', 1, 7, 'three')]);
      await transact(session, 2, [
        { ...row('a', 1, 8, 'changed'), exists: true },
        { ...row('b', 1, 7, 'gone'), exists: true, delete: true },
      ]);
      const rows = await texts(sink, 'SELECT kind, area, id, v FROM grouped ORDER BY area');
      assert.deepEqual(rows, [
        ['a', '1', '8', 'changed'],
        ['a', '2', '7', 'two'],
      ]);
      const found = await loadAll(session, [
        ['a', 1],
        ['a', 2],
        ['b', 1],
        ['1', 1],
      ]);
      assert.deepEqual(
        found.map((doc) => JSON.parse(doc) as unknown),
        [{ v: 'changed' }, { v: 'two' }],
      );
    }));
}
