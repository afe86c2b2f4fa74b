// Random statements over the rows of a table. Keys come from a small range, so that they are deleted, created and moved
// over and over; a second range is for many rows at once. A statement may well fail, or change nothing.

import type { Dice } from './dice.ts';
import type { StressTable } from './stress-table.ts';

/** Keys that single statements name; more where there are more rows. */
const KEYS = 180;
/** The first of those that are written by the hundred. */
const MANY_FROM = 1000;
const MOST_AT_ONCE = 900;

const BIG = 'repeat(md5(random()::text), 120)';

export function initialRows(table: StressTable): string {
  return insert(
    table,
    `generate_series(0, ${table.plan.rows - 1})`,
    `CASE WHEN i % 3 = 0 THEN ${BIG} END`,
    '',
  );
}

export function randomStatement(table: StressTable, dice: Dice): string {
  const { plan, name } = table;
  const keys = Math.max(KEYS, plan.rows);
  const one = String(dice.below(keys));
  const set = setClause(table, dice);
  switch (
    dice.weighted([
      [5, 'insert'],
      [6, 'update'],
      [1, 'update some'],
      [3, 'delete'],
      [3, 'move'],
      [0.15, 'write many'],
      [0.15, 'delete many'],
    ])
  ) {
    case 'insert': {
      const until = Number(one) + dice.below(4);
      const conflict = dice.chance(0.5) ? 'DO NOTHING' : `(${keyOf(table)}) DO UPDATE SET n = EXCLUDED.n`;
      const onConflict = plan.isKeyed && dice.chance(0.8) ? `ON CONFLICT ${conflict}` : '';
      return insert(table, `generate_series(${one}, ${until})`, valueOfBig(dice), onConflict);
    }
    case 'update':
      return `UPDATE ${name} SET ${set} WHERE ${isKey(table, one)}`;
    case 'update some':
      return `UPDATE ${name} SET ${set} WHERE n % ${dice.between(5, 20)} = 0`;
    case 'delete':
      return `DELETE FROM ${name} WHERE ${isKey(table, one)}`;
    case 'move': {
      const to = String(dice.below(keys));
      const columns = plan.columns.map((column) => `${column.name} = ${column.sql(to)}`).join(', ');
      const also = dice.chance(0.3) ? `, ${set}` : '';
      return `UPDATE ${name} SET ${columns}${also} WHERE ${isKey(table, one)}`;
    }
    case 'write many': {
      const until = MANY_FROM + dice.between(100, MOST_AT_ONCE);
      const onConflict = plan.isKeyed ? `ON CONFLICT (${keyOf(table)}) DO UPDATE SET n = EXCLUDED.n` : '';
      return insert(table, `generate_series(${MANY_FROM}, ${until})`, 'NULL', onConflict);
    }
    case 'delete many':
      return `DELETE FROM ${name} WHERE n % 10 < 5 AND n >= 0`;
    default:
      return '';
  }
}

function keyOf(table: StressTable): string {
  return table.plan.columns.map(({ name }) => name).join(', ');
}

function isKey(table: StressTable, number: string): string {
  return table.plan.columns.map(({ name, sql }) => `${name} = ${sql(number)}`).join(' AND ');
}

function valueOfBig(dice: Dice): string {
  return dice.weighted([
    [2, BIG],
    [1, 'NULL'],
    [1, "'small'"],
  ]);
}

function setClause({ extras }: StressTable, dice: Dice): string {
  const set = [`n = ${dice.below(1000)}`];
  if (dice.chance(0.25)) set.push(`big = ${valueOfBig(dice)}`);
  if (dice.chance(0.2)) set.push('grp = grp + 1');
  for (const { name } of extras) if (dice.chance(0.5)) set.push(`${name} = '${dice.below(1000)}'`);
  return set.join(', ');
}

/** `numbers`: SQL that gives the keys' numbers as a set, called `i`. */
function insert(table: StressTable, numbers: string, big: string, onConflict: string): string {
  const { columns } = table.plan;
  const names = [...columns.map(({ name }) => name), 'n', 'big'].join(', ');
  const values = [...columns.map(({ sql }) => sql('i')), '(random() * 1000)::int', big].join(', ');
  return `INSERT INTO ${table.name} (${names}) SELECT ${values} FROM ${numbers} i ${onConflict}`;
}
