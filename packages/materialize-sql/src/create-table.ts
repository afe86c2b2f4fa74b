// The statements that make a table, the same in all dialects but for a few words.

import type { Dialect } from './dialect.ts';
import type { Column, Table } from './table.ts';

export interface TableWords {
  /** `CREATE TABLE`, perhaps with `IF NOT EXISTS`. */
  readonly create: string;
  /** Behind the closing bracket, with a space before it; '' for nothing. */
  readonly tail: string;
  /** `statements`: COMMENT ON, as SQL has it; `inline`: a COMMENT within the definition of each column. */
  readonly comments: 'statements' | 'inline' | 'none';
  /** In code points, where the server refuses longer ones. */
  readonly maxCommentLength?: { readonly column: number; readonly table: number };
}

/** What is too long loses its beginning: the origin of a column stands at the end of its comment. */
function cutComment(comment: string, limit = Infinity): string {
  const characters = Array.from(comment);
  return characters.length <= limit ? comment : `…${characters.slice(1 - limit).join('')}`;
}

/** A column's definition: name, type, nullability, and its comment where that is inline. */
export function columnDefinition<Convert>(
  column: Column<Convert>,
  dialect: Dialect<Convert>,
  words: Pick<TableWords, 'comments' | 'maxCommentLength'>,
  notNull: boolean = column.notNull,
): string {
  const text = cutComment(column.comment, words.maxCommentLength?.column);
  const comment = words.comments === 'inline' ? ` COMMENT ${dialect.quoteLiteral(text)}` : '';
  return `${column.identifier} ${column.type.ddl}${notNull ? ' NOT NULL' : ''}${comment}`;
}

/** CREATE TABLE, with what its types need before it and its comments behind it. */
export function createTable<Convert>(
  table: Table<Convert>,
  dialect: Dialect<Convert>,
  words: TableWords,
  comment: string,
): string[] {
  const lines = table.columns.map((column) => columnDefinition(column, dialect, words));
  if (!table.deltaUpdates && table.keys.length > 0) {
    lines.push(`PRIMARY KEY (${table.keys.map(({ identifier }) => identifier).join(', ')})`);
  }
  const quoted = dialect.quoteLiteral(cutComment(comment, words.maxCommentLength?.table));
  const tail = words.comments === 'inline' ? `${words.tail} COMMENT = ${quoted}` : words.tail;
  return [
    ...table.columns.flatMap(({ type }) => type.before ?? []),
    `${words.create} ${table.identifier} (\n  ${lines.join(',\n  ')}\n)${tail}`,
    ...(words.comments === 'statements' ? [`COMMENT ON TABLE ${table.identifier} IS ${quoted}`] : []),
    ...(words.comments === 'statements'
      ? table.columns.map((column) => commentOnColumn(table, column, dialect))
      : []),
  ];
}

export function commentOnColumn<Convert>(
  table: Table<Convert>,
  column: Column<Convert>,
  dialect: Dialect<Convert>,
): string {
  return `COMMENT ON COLUMN ${table.identifier}.${column.identifier} IS ${dialect.quoteLiteral(column.comment)}`;
}
