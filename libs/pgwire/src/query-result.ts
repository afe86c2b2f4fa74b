import type { PgColumn } from './wire/backend-messages.ts';

export interface QueryResult {
  /** The command tag: `SELECT 3`, `CREATE TABLE`; empty for an empty query. */
  readonly command: string;
  /** Rows returned, or touched by what the command tag says. */
  readonly rowCount: number;
  readonly columns: readonly PgColumn[];
  /** Text as the server prints it, by column position. */
  readonly rows: readonly (readonly (string | null)[])[];
}

/** What can be sent as a parameter of a query. Bytes go as `bytea`, arrays must be given as their literal. */
export type QueryParameter = string | number | bigint | boolean | null | Uint8Array;

export function parameterText(parameter: QueryParameter): string | null {
  if (parameter === null || typeof parameter === 'string') return parameter;
  if (parameter instanceof Uint8Array) return `\\x${Buffer.from(parameter).toString('hex')}`;
  return String(parameter);
}

/** The rows of a result as objects by column name; of two columns with one name the last wins. */
export function rowObjects(result: QueryResult): Record<string, string | null>[] {
  return result.rows.map((row) =>
    Object.fromEntries(result.columns.map((column, index) => [column.name, row[index] ?? null])),
  );
}

export function rowCountOf(command: string): number {
  return Number(/ (\d+)$/.exec(command)?.[1] ?? 0);
}
