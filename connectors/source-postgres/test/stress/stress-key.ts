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

type ColumnKind = Omit<KeyColumn, 'name'>;

/** The same value for many numbers: never a key by itself. */
const coarse: readonly [ColumnKind, ...ColumnKind[]] = [
  { type: 'int', sql: (n) => `(${n}) % 5 - 2` },
  { type: 'text', sql: (n) => `${WORDS}[1 + (${n}) % 8]` },
  { type: 'boolean', sql: (n) => `((${n}) % 2 = 0)` },
];

/** Another value for each number. */
const distinct: readonly [ColumnKind, ...ColumnKind[]] = [
  { type: 'int', sql: (n) => `(${n}) - 50` },
  { type: 'bigint', sql: (n) => `(${n})::bigint * 3000000019` },
  { type: 'text', sql: (n) => `${WORDS}[1 + (${n}) % 8] || (${n})::text` },
  { type: 'uuid', sql: (n) => `md5((${n})::text)::uuid` },
  { type: 'date', sql: (n) => `date '2024-02-01' + (${n})` },
  { type: 'numeric(12,2)', sql: (n) => `((${n}) / 4.0 - 10)::numeric(12,2)` },
];

/** By which a partitioned table is divided, into values from 0 to 2. */
const partitionColumn: KeyColumn = { name: 'part', type: 'int', sql: (n) => `(${n}) % 3` };

/** The columns of a key; of one that is partitioned, `part` is the first. */
export function chooseKey(dice: Dice, isPartitioned: boolean): readonly KeyColumn[] {
  const last: KeyColumn = { name: 'k2', ...dice.pick(distinct) };
  if (isPartitioned) return [partitionColumn, last];
  if (dice.chance(0.3)) return [last];
  const first: KeyColumn = { name: 'k1', ...dice.pick(coarse) };
  return dice.chance(0.5) ? [first, last] : [last, first];
}
