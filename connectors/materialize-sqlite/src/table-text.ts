// The text of a CREATE TABLE, taken apart: SQLite keeps what a table is as the statement that made it, and tells nowhere else
// what a generated column is computed from, or which checks and collations a column has.

export interface TableText {
  /** Columns, then constraints of the table, each as it is written. */
  readonly definitions: readonly { readonly name: string; readonly sql: string }[];
  /** Behind the parentheses: ` STRICT`. */
  readonly options: string;
}

/** A comment, a quoted text or name, a word, or one character. */
export const token =
  /--[^\n]*|\/\*[^]*?(?:\*\/|$)|'(?:[^']|'')*'|"(?:[^"]|"")*"|`(?:[^`]|``)*`|\[[^\]]*\]|[\w$\u0080-\uffff]+|[^]/g;

export function tableText(createTable: string): TableText {
  const definitions: { name: string; sql: string }[] = [];
  let depth = 0;
  let from = 0;
  let name: string | undefined;
  for (const { 0: text, index } of createTable.matchAll(token)) {
    if (text === '(') depth += 1;
    if (depth === 0) continue;
    if (text === '(' && depth === 1) {
      from = index + 1;
    } else if (text === ')' && depth > 1) {
      depth -= 1;
    } else if ((text === ',' || text === ')') && depth === 1) {
      definitions.push({ name: name ?? '', sql: createTable.slice(from, index).trim() });
      name = undefined;
      from = index + 1;
      if (text === ')') return { definitions, options: createTable.slice(from) };
    } else if (!/^(?:\s|--|\/\*)/.test(text)) {
      name ??= nameOf(text);
    }
  }
  throw new TypeError(`no CREATE TABLE with columns: ${createTable}`);
}

function nameOf(text: string): string {
  const quote = text.at(0) ?? '';
  if (quote === '[') return text.slice(1, -1);
  return /["'`]/.test(quote) ? text.slice(1, -1).replaceAll(quote + quote, quote) : text;
}
