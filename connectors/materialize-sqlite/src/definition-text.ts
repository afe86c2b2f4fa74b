// The text of a column or of a constraint of a table, changed where it has to be. What else it says stays as users wrote it.

import { token } from './table-text.ts';

/** A piece outside of parentheses; what stands in parentheses is one piece. */
interface Piece {
  /** In capitals. */
  readonly word: string;
  readonly start: number;
  readonly end: number;
}

/** What may follow the type of a column, which is any number of words. */
const constraintWords: ReadonlySet<string> = new Set([
  'CONSTRAINT',
  'PRIMARY',
  'NOT',
  'NULL',
  'UNIQUE',
  'CHECK',
  'DEFAULT',
  'COLLATE',
  'REFERENCES',
  'GENERATED',
  'AS',
]);

export function withType(sql: string, type: string): string {
  const [name, ...rest] = piecesOf(sql);
  if (name === undefined) return sql;
  const behind = rest.findIndex(({ word }) => constraintWords.has(word));
  const old = behind === -1 ? rest : rest.slice(0, behind);
  return `${sql.slice(0, name.end)} ${type}${sql.slice((old.at(-1) ?? name).end)}`;
}

export function withoutNotNull(sql: string): string {
  return without(sql, ['NOT', 'NULL']);
}

/** Of a column, or of a constraint of the table: then nothing is left. */
export function withoutPrimaryKey(sql: string): string {
  return without(sql, ['PRIMARY', 'KEY']);
}

/** Leaves out a constraint of two words, with its name and with what belongs to it. */
function without(sql: string, [first, second]: readonly [string, string]): string {
  const pieces = piecesOf(sql);
  const word = (index: number): string => pieces[index]?.word ?? '';
  const at = pieces.findIndex((piece, index) => piece.word === first && word(index + 1) === second);
  if (at === -1) return sql;
  const from = word(at - 2) === 'CONSTRAINT' ? at - 2 : at;
  let to = at + 1;
  for (;;) {
    const next = word(to + 1);
    if (next === 'ON') to += 3;
    else if (next.startsWith('(') || ['ASC', 'DESC', 'AUTOINCREMENT'].includes(next)) to += 1;
    else break;
  }
  if (from === 0 && to >= pieces.length - 1) return '';
  // From the piece before: a comment in between may need the end of its line.
  return sql.slice(0, pieces[from - 1]?.end ?? 0) + sql.slice(pieces[to]?.end);
}

function piecesOf(sql: string): Piece[] {
  const pieces: Piece[] = [];
  let depth = 0;
  let start = 0;
  for (const { 0: text, index } of sql.matchAll(token)) {
    const end = index + text.length;
    if (text === '(' && depth++ === 0) start = index;
    if (text === ')' && --depth === 0) pieces.push({ word: sql.slice(start, end), start, end });
    else if (depth === 0 && !/^(?:\s|--|\/\*)/.test(text)) {
      pieces.push({ word: text.toUpperCase(), start: index, end });
    }
  }
  return pieces;
}
