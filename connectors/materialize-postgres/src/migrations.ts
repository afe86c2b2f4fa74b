// From which type a column can become which in place. Names on the left are those of the catalogue.

import type { Migration } from '@weir/materialize-sql';

const asIs = (column: string, ddl: string): string => `${column}::${ddl}`;
const toJson = (column: string): string => `to_json(${column})`;

export const migrations: readonly Migration[] = [
  { from: ['numeric'], to: ['DOUBLE PRECISION', 'TEXT'], cast: asIs },
  { from: ['bigint', 'integer'], to: ['DOUBLE PRECISION', 'NUMERIC', 'TEXT'], cast: asIs },
  { from: ['double precision'], to: ['TEXT'], cast: asIs },
  { from: ['date', 'interval', 'macaddr', 'macaddr8', 'uuid'], to: ['TEXT'], cast: asIs },
  { from: ['cidr', 'inet'], to: ['TEXT'], cast: (column) => `host(${column})` },
  {
    from: ['time without time zone'],
    to: ['TEXT'],
    cast: (column) => `to_char(${column}, 'HH24:MI:SS.US"Z"')`,
  },
  {
    from: ['timestamp with time zone'],
    to: ['TEXT'],
    cast: (column) => `to_char(${column} AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"')`,
  },
  {
    from: ['text', 'character varying'],
    to: ['BYTEA'],
    cast: (column) => `decode(${column}, 'base64')`,
  },
  { from: ['USER-DEFINED'], to: ['TEXT', 'enum'], cast: (column, ddl) => `${column}::text::${ddl}` },
  // encode() breaks its lines.
  {
    from: ['bytea'],
    to: ['TEXT'],
    cast: (column) => `replace(encode(${column}, 'base64'), E'\\n', '')`,
  },
  {
    from: ['bytea'],
    to: ['JSON'],
    cast: (column) => `to_json(replace(encode(${column}, 'base64'), E'\\n', ''))`,
  },
  { from: ['json'], to: ['JSONB', 'TEXT'], cast: asIs },
  { from: ['jsonb'], to: ['JSON', 'TEXT'], cast: asIs },
  { from: '*', to: ['JSON'], cast: toJson },
  { from: '*', to: ['JSONB'], cast: (column) => `to_jsonb(${column})` },
];
