// An Apply whose connection is cut at a step of its protocol. The runtime does not hear that it was done, and asks for the same
// change again: then the table is what an Apply that nothing went wrong with makes of it, with the rows that it had.

import assert from 'node:assert/strict';
import type { TestContext } from 'node:test';
import type { Cut, CuttingProxy } from './cutting-proxy.ts';
import type { SampleField } from './materialization-spec.ts';
import { SeededRandom } from './seeded-random.ts';

interface AppliedTable {
  readonly table: string;
  readonly fields: Readonly<Record<string, SampleField>>;
}

export interface ApplySubject {
  /** From the table as it was last applied so, or from none. Resolves to what was done. */
  readonly apply: (table: AppliedTable, last?: AppliedTable) => Promise<string>;
  readonly applyThroughProxy: (table: AppliedTable, last?: AppliedTable) => Promise<string>;
  readonly query: (sql: string) => Promise<Readonly<Record<string, unknown>>[]>;
  /** Of the tables, as information_schema has it. */
  readonly schema: string;
  readonly proxy: CuttingProxy;
  readonly lost: RegExp;
}

const before = (table: string): AppliedTable => ({
  table,
  fields: { id: { types: ['integer'] }, v: { types: ['integer'] }, name: { types: ['string'] } },
});

/** A type that widens, a column that may be null, a new one. */
const after = (table: string): AppliedTable => ({
  table,
  fields: {
    id: { types: ['integer'] },
    v: { types: ['string'] },
    name: { types: ['string'], exists: 'MAY' },
    added: { types: ['boolean'] },
  },
});

/** The table that all of a database share. */
const checkpoints = 'flow_checkpoints_v1';

async function definition({ query, schema }: ApplySubject, table: string): Promise<object> {
  const ofTable = `table_schema = '${schema}' AND table_name = '${table}'`;
  const columns = await query(
    `SELECT column_name AS name, data_type AS type, is_nullable AS nullable FROM information_schema.columns
     WHERE ${ofTable} ORDER BY column_name`,
  );
  const keys = await query(
    `SELECT column_name AS name FROM information_schema.key_column_usage WHERE ${ofTable} ORDER BY ordinal_position`,
  );
  return { columns, keys };
}

async function contents(subject: ApplySubject, table: string): Promise<object> {
  return {
    table: await definition(subject, table),
    rows: await subject.query(`SELECT id, v, name, added FROM ${table}`),
    checkpoints: await definition(subject, checkpoints),
  };
}

/** `changes`: of a table that has a row; otherwise it is made, and that of the checkpoints with it. */
async function applied(
  subject: ApplySubject,
  table: string,
  changes: boolean,
  cut?: Cut,
): Promise<{ readonly contents: object; readonly messages: number; readonly wasCut: boolean }> {
  const { apply, applyThroughProxy, proxy, query, lost } = subject;
  const last = changes ? before(table) : undefined;
  if (last !== undefined) {
    await apply(last);
    await query(`INSERT INTO ${table} (id, v, name, flow_document) VALUES (1, 5, 'a', '{}')`);
  } else {
    await query(`DROP TABLE IF EXISTS ${checkpoints}`);
  }
  proxy.set(cut);
  try {
    await applyThroughProxy(after(table), last);
  } catch (error) {
    const { code } = error as { readonly code?: unknown };
    assert.ok(proxy.hasCut && lost.test(String(code)), String(error));
  }
  const { messages, hasCut: wasCut } = proxy;
  proxy.set(undefined);
  await apply(after(table), last);
  assert.equal(await apply(after(table), after(table)), '', 'nothing is left to do');
  return { contents: await contents(subject, table), messages, wasCut };
}

function shuffled<T>(items: readonly T[], random: SeededRandom): T[] {
  const left = [...items];
  return items.map(() => left.splice(random.between(0, left.length - 1), 1)).flat();
}

/** How many messages an Apply sends is not laid down: one more or less is no failure, and a proxy that cuts hardly anything is. */
const leastShareCut = 0.75;

/** Every step in both ways, or `runs` of them at random; a cut that is not reached is one behind the last message. */
export async function assertCutsOfApply(
  subject: ApplySubject,
  { runs, seed }: { readonly runs: number; readonly seed: number },
  context: TestContext,
): Promise<void> {
  const random = new SeededRandom(seed);
  let table = 0;
  for (const changes of [false, true]) {
    const wanted = await applied(subject, `cut_${(table += 1)}`, changes);
    assert.ok(wanted.messages > 0, 'the Apply goes through the proxy');
    const cuts = Array.from({ length: wanted.messages }, (_, at) => at + 1).flatMap((message) =>
      (['unsent', 'unanswered'] as const).map((how): Cut => ({ message, how })),
    );
    const chosen = shuffled(cuts, random).slice(0, runs);
    const missed: number[] = [];
    for (const where of chosen) {
      const found = await applied(subject, `cut_${(table += 1)}`, changes, where);
      assert.deepEqual(found.contents, wanted.contents, JSON.stringify(where));
      if (found.wasCut) continue;
      assert.ok(found.messages < where.message, `${JSON.stringify(where)} was reached, and not cut`);
      missed.push(where.message);
    }
    const cut = chosen.length - missed.length;
    const told = `WEIR_CRASH_SEED=${seed}, ${cut} of ${chosen.length} cuts, of ${cuts.length} there are; not reached: ${missed.join(', ') || 'none'}`;
    context.diagnostic(told);
    assert.ok(cut >= leastShareCut * chosen.length, told);
  }
}
