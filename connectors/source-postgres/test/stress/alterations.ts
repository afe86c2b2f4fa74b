// Random DDL: columns that come, go and change, tables that are rewritten, identities that are exchanged, and tables that
// are dropped and created again. Rows are sometimes written again with it, and sometimes left as they are.

import type { Dice } from './dice.ts';
import { noteSql } from './ledger.ts';
import { initialRows } from './statements.ts';
import type { StressTable } from './stress-table.ts';

export interface Alteration {
  /** One transaction's statements. */
  readonly first: string;
  /** Another one's, a moment later; or nothing. */
  readonly then: string;
  /** The table is dropped by the first, and created again by the first or the other. */
  readonly replaces: boolean;
}

export function randomAlteration(table: StressTable, ledger: string, dice: Dice): Alteration {
  if (table.plan.isReplaceable && dice.chance(0.25)) return replacement(table, ledger, dice);
  const alter = `${alterSql(table, dice)}; ${noteSql(ledger, 'alter', table.streams)}`;
  const touch = `UPDATE ${table.name} SET n = n + 1`;
  return dice.weighted([
    [2, { first: alter, then: '', replaces: false }],
    [1, { first: `${alter} ${touch}`, then: '', replaces: false }],
    [1, { first: alter, then: touch, replaces: false }],
  ]);
}

function alterSql({ plan, name, extras }: StressTable, dice: Dice): string {
  const table = `ALTER TABLE ${name}`;
  const [extra] = extras;
  const fresh = `x${dice.below(1000)}`;
  if (extra === undefined || dice.chance(0.3)) {
    const type = dice.pick(['int', 'bigint', 'text', "text DEFAULT 'made'", 'int DEFAULT random() * 100']);
    return `${table} ADD ${fresh} ${type}`;
  }
  const key = plan.columns.find(({ type }) => type === 'int');
  return dice.weighted([
    [2, `${table} DROP ${extra.name}`],
    [2, `${table} RENAME ${extra.name} TO ${fresh}`],
    [2, retyping(table, extra.name, extra.type)],
    [
      plan.isPartitioned || key === undefined || key.name === 'part' ? 0 : 1,
      `${table} ALTER ${key?.name} TYPE bigint`,
    ],
    [
      plan.isKeyed && plan.identity === 'default' && !plan.isPartitioned ? 1 : 0,
      `${table} REPLICA IDENTITY FULL`,
    ],
  ]);
}

function retyping(table: string, column: string, type: string): string {
  const to = type === 'integer' ? 'bigint' : type === 'bigint' ? 'text' : 'varchar(80)';
  return `${table} ALTER ${column} TYPE ${to}`;
}

function replacement(table: StressTable, ledger: string, dice: Dice): Alteration {
  const drop = `DROP TABLE ${table.name}; ${noteSql(ledger, 'drop', table.streams)}`;
  const create = `${table.createSql(ledger)} ${dice.chance(0.7) ? initialRows(table) : ''}`;
  return dice.chance(0.5)
    ? { first: `${drop} ${create}`, then: '', replaces: true }
    : { first: drop, then: create, replaces: true };
}
