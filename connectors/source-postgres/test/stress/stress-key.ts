// Keys of many types out of small integers: each column of a key is an SQL expression over a number, and all of them
// together differ for different numbers. So a statement can name one key, or make a thousand from generate_series.

import type { Dice } from './dice.ts';

export interface KeyColumn {
  readonly name: string;
  readonly type: string;
  /** Its value for the key with this number, an SQL expression. */
  readonly sql: (number: string) => string;
}

/** Of texts that collations order in different ways. */
const WORDS = "(ARRAY['', ' ', 'a', 'A', 'b', 'Zz', 'ä', '~'])";

interface ColumnKind extends Omit<KeyColumn, 'name'> {
  /** Only the server can put its values in order: a precise backfill is refused. */
  readonly isServerOrdered?: true;
}

/** What the types of some columns take, beforehand. */
export const keyTypesSql = `
  CREATE EXTENSION IF NOT EXISTS citext SCHEMA public;
  DO $$ BEGIN CREATE TYPE public.stress_size AS ENUM ('small', 'medium', 'large', 'huge'); EXCEPTION WHEN duplicate_object THEN NULL; END $$;`;

/** The same value for many numbers: never a key by itself. */
const coarse: readonly [ColumnKind, ...ColumnKind[]] = [
  { type: 'int', sql: (n) => `(${n}) % 5 - 2` },
  { type: 'text', sql: (n) => `${WORDS}[1 + (${n}) % 8]` },
  { type: 'boolean', sql: (n) => `((${n}) % 2 = 0)` },
  {
    type: 'public.stress_size',
    sql: (n) => `(enum_range(NULL::public.stress_size))[1 + (${n}) % 4]`,
    isServerOrdered: true,
  },
];

/** Another value for each number. */
const distinct: readonly [ColumnKind, ...ColumnKind[]] = [
  { type: 'int', sql: (n) => `(${n}) - 50` },
  { type: 'bigint', sql: (n) => `(${n})::bigint * 3000000019` },
  { type: 'text', sql: (n) => `${WORDS}[1 + (${n}) % 8] || (${n})::text` },
  { type: 'uuid', sql: (n) => `md5((${n})::text)::uuid` },
  { type: 'date', sql: (n) => `date '2024-02-01' + (${n})` },
  { type: 'numeric(12,2)', sql: (n) => `((${n}) / 4.0 - 10)::numeric(12,2)` },
  {
    type: 'public.citext',
    sql: (n) => `(${WORDS}[1 + (${n}) % 8] || (${n})::text)::public.citext`,
    isServerOrdered: true,
  },
  { type: 'pg_lsn', sql: (n) => `pg_lsn '0/FE0' + (${n})`, isServerOrdered: true },
];

/** By which a partitioned table is divided, into values from 0 to 2. */
const partitionColumn: KeyColumn = { name: 'part', type: 'int', sql: (n) => `(${n}) % 3` };

/** The columns of a key; of one that is partitioned, `part` is the first. */
export function chooseKey(dice: Dice, isPartitioned: boolean, isPrecise: boolean): readonly KeyColumn[] {
  const pick = (name: string, kinds: typeof coarse): KeyColumn => {
    const kind = dice.pick(kinds);
    return isPrecise && kind.isServerOrdered === true ? pick(name, kinds) : { name, ...kind };
  };
  const last = pick('k2', distinct);
  if (isPartitioned) return [partitionColumn, last];
  if (dice.chance(0.3)) return [last];
  const first = pick('k1', coarse);
  return dice.chance(0.5) ? [first, last] : [last, first];
}
