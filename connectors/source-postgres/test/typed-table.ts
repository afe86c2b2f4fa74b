// Tables of random values: filled from texts that the server reads, and told again by the server as JSON.

import type { PostgresServer, SeededRandom } from '@weir/testing';
import type { TypedColumn } from './typed-columns.ts';

export function columnName(index: number): string {
  return `c${String(index).padStart(3, '0')}`;
}

const copyEscapes: Readonly<Record<string, string>> = { '\\': '\\\\', '\t': '\\t', '\n': '\\n', '\r': '\\r' };

function copyField(text: string): string {
  return text.replaceAll(/[\\\t\n\r]/g, (each) => copyEscapes[each] ?? each);
}

/** Makes `table`, keyed by `id` from 0 on, with random values; some are null. */
export async function fillTable(
  server: PostgresServer,
  table: string,
  columns: readonly TypedColumn[],
  rows: number,
  random: SeededRandom,
): Promise<void> {
  await using connection = await server.connect();
  const names = columns.map((_, index) => columnName(index));
  await connection.query(
    `CREATE TEMP TABLE staged (id int, ${names.map((name) => `${name} text`).join(', ')})`,
  );
  const copy = await connection.copyIn('COPY staged FROM STDIN');
  for (let row = 0; row < rows; row += 1) {
    const fields = columns.map(({ value }) =>
      random.chance(0.05) ? String.raw`\N` : copyField(value(random)),
    );
    await copy.write(Buffer.from(`${row}\t${fields.join('\t')}\n`));
  }
  await copy.finish();
  const typed = columns.map(({ type }, index) => `${columnName(index)} ${type}`);
  const casts = columns.map(({ type }, index) => `${columnName(index)}::${type}`);
  await connection.query(`SET DateStyle = 'ISO'; SET TimeZone = 'UTC'; SET xmloption = 'content';
    CREATE TABLE ${table} (id int PRIMARY KEY, ${typed.join(', ')});
    INSERT INTO ${table} SELECT id, ${casts.join(', ')} FROM staged`);
}

/** The JSON of every value by row and column, as the type map of the README and the server have it. */
export async function documentedRows(
  server: PostgresServer,
  table: string,
  columns: readonly TypedColumn[],
  zone: string,
): Promise<string[][]> {
  await using connection = await server.connect();
  await connection.query(
    `SET DateStyle = 'ISO'; SET IntervalStyle = 'postgres'; SET extra_float_digits = 3; SET TimeZone = ${zone};
     SET bytea_output = 'hex'; SET standard_conforming_strings = on; SET search_path = public`,
  );
  const expressions = columns.map(({ json }, index) => {
    const name = columnName(index);
    return `CASE WHEN ${name} IS NOT DISTINCT FROM NULL THEN 'null' ELSE ${json(name)} END`;
  });
  const { rows } = await connection.query(`SELECT ${expressions.join(',\n')} FROM ${table} ORDER BY id`);
  return rows.map((row) =>
    row.map((text, index) => {
      const isJson = columns[index]?.type.startsWith('json') ?? false;
      return isJson ? withoutLoneSurrogates(text ?? '') : (text ?? '');
    }),
  );
}

/** Half of a surrogate is no character: \ufffd is written in its place. */
function withoutLoneSurrogates(json: string): string {
  const pairOrEscape = /\\u[dD][89abAB]..\\u[dD][c-fC-F]..|\\u....|\\./g;
  return json.replaceAll(pairOrEscape, (escape) =>
    /^\\u[dD][89a-fA-F]..$/.test(escape) ? String.raw`\ufffd` : escape,
  );
}

/** The bytes of each value in a document of such a table. */
export function propertiesOf(text: string, columns: readonly TypedColumn[]): string[] {
  let start = text.indexOf(`"${columnName(0)}":`);
  return columns.map((_, index) => {
    start += `"${columnName(index)}":`.length;
    const next = index + 1 < columns.length ? `,"${columnName(index + 1)}":` : ',"id":';
    const end = text.indexOf(next, start);
    const value = text.slice(start, end);
    start = end + 1;
    return value;
  });
}
