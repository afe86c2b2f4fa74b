import type { PgConnection } from '@weir/pgwire';
import type { Row } from './collection.ts';
import type { TablePlan } from './stress-plan.ts';

/** The rows of a table as its documents should have them, by key; of one without a key, by stamp. */
export async function readRows(
  connection: PgConnection,
  name: string,
  plan: TablePlan,
): Promise<ReadonlyMap<string, Row>> {
  const decimals = plan.columns.filter(({ type }) => type.startsWith('numeric'));
  const texts = decimals.map(({ name: column }) => `'${column}', ${column}::text`).join(', ');
  const key = plan.columns.map(({ name: column }) => `to_jsonb(t) ->> '${column}'`).join(', ');
  const { rows } = await connection.query(
    `SELECT jsonb_build_array(${plan.isKeyed ? key : ''})::text, (to_jsonb(t) || jsonb_build_object(${texts}))::text FROM ${name} t`,
  );
  return new Map(
    rows.map(([keyText, text]) => {
      const row = JSON.parse(text ?? '') as Row;
      return [plan.isKeyed ? JSON.stringify(JSON.parse(keyText ?? '')) : JSON.stringify(row['stamp']), row];
    }),
  );
}
