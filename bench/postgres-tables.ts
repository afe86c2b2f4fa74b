// The tables of the bench: narrow, common and wide.

import type { PostgresServer } from '@weir/testing';
import type { CaptureBinding } from './capture-process.ts';

export interface BenchTable {
  readonly name: string;
  readonly columns: number;
  /** What a bench of it is called: `pg-backfill-60`; nothing for the table of 12 columns. */
  readonly suffix: string;
  /** Of a row as text, about. */
  readonly rowBytes: number;
  /** Wide rows are measured in smaller numbers: the share of the rows of the others. */
  readonly share: number;
  /** Of CREATE TABLE; `id` is the key. */
  readonly definition: string;
  /** The values of row `n`, in the order of the columns. */
  readonly values: string;
  /** What an update of a row sets. */
  readonly update: string;
}

/** A series of measurements. */
export const readings: BenchTable = {
  name: 'readings',
  columns: 3,
  suffix: '-3',
  rowBytes: 40,
  share: 1,
  definition: 'id bigint PRIMARY KEY, at timestamptz NOT NULL, reading double precision',
  values: `n, timestamptz '2020-01-01' + n * interval '1 second', (n % 1000) / 7.0`,
  update: 'reading = reading + 1',
};

/** Lines of orders: the common types, half numbers and half texts. */
export const lineItems: BenchTable = {
  name: 'li',
  columns: 12,
  suffix: '',
  rowBytes: 130,
  share: 1,
  definition: `id bigint PRIMARY KEY, order_id bigint NOT NULL, part integer NOT NULL, supplier integer NOT NULL,
    quantity numeric(12, 2) NOT NULL, price numeric(12, 2) NOT NULL, discount double precision NOT NULL,
    flag text NOT NULL, shipped date NOT NULL, received timestamptz NOT NULL, mode text, comment text`,
  values: `n, n / 4, n % 20000, n % 1000, n % 50, (n % 100000) / 100.0, (n % 11) / 100.0,
    CASE WHEN n % 2 = 0 THEN 'A' ELSE 'N' END, date '2020-01-01' + (n % 2000)::integer, timestamptz '2020-01-01' + n * interval '1 second',
    'TRUCK', 'row number ' || n || ' of the bench'`,
  update: 'price = price + 0.01',
};

/** Accounts as an application grows them: of every ten columns beside the key three are empty in most rows. */
const accountColumns: readonly (readonly [name: string, type: string, value: string])[] = [
  ['owner', 'uuid', 'md5(n::text)::uuid'],
  ['status', 'text', `(ARRAY['active', 'paused', 'closed'])[1 + n % 3]`],
  ['score', 'integer', 'n % 1000'],
  ['balance', 'numeric(14, 2)', '(n % 1000000) / 100.0'],
  ['is_open', 'boolean', 'n % 2 = 0'],
  ['changed', 'timestamptz', `timestamptz '2020-01-01' + n * interval '1 second'`],
  ['settings', 'jsonb', `jsonb_build_object('theme', 'dark', 'page', n % 50)`],
  ['note', 'text', `CASE WHEN n % 4 = 0 THEN 'a note that somebody wrote about account ' || n END`],
  ['ends', 'date', `CASE WHEN n % 5 = 0 THEN date '2020-01-01' + (n % 2000)::integer END`],
  ['reference', 'bigint', 'CASE WHEN n % 3 = 0 THEN n * 7 END'],
];

const accountPairs = Array.from({ length: 59 }, (_, i) => {
  const [name, type, value] = accountColumns[i % accountColumns.length] ?? ['', '', ''];
  return { name: `${name}_${Math.floor(i / accountColumns.length) + 1}`, type, value };
});

export const accounts: BenchTable = {
  name: 'accounts',
  columns: 60,
  suffix: '-60',
  rowBytes: 680,
  share: 0.2,
  definition: `id bigint PRIMARY KEY, ${accountPairs.map(({ name, type }) => `${name} ${type}`).join(', ')}`,
  values: `n, ${accountPairs.map(({ value }) => value).join(', ')}`,
  update: 'score_1 = score_1 + 1',
};

export async function createTable(server: PostgresServer, table: BenchTable, rows: number): Promise<void> {
  await server.query(`CREATE TABLE ${table.name} (${table.definition})`);
  await insertRows(server, table, 1, rows);
  await server.query(`VACUUM ANALYZE ${table.name}`);
}

/** Rows `first` to `last`, as one transaction. */
export async function insertRows(
  server: PostgresServer,
  table: BenchTable,
  first: number,
  last: number,
): Promise<void> {
  await server.query(
    `INSERT INTO ${table.name} SELECT ${table.values} FROM generate_series(${first}, ${last}) AS n`,
  );
}

export function tableBinding({ name }: BenchTable, mode?: string): CaptureBinding {
  return {
    resource: { namespace: 'public', stream: name, ...(mode === undefined ? {} : { mode }) },
    path: ['public', name],
    key: ['/id'],
  };
}
