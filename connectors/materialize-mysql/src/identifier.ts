import { reservedWords } from './reserved-words.ts';

/** Longest name of a table or column, in characters. */
export const MAX_NAME_LENGTH = 64;

/** Characters as the server counts them: code points. */
export function nameLength(name: string): number {
  return Array.from(name).length;
}

/** The beginning of a name, of at most so many characters. */
export function cutName(name: string, length: number): string {
  return Array.from(name).slice(0, length).join('');
}

/** As it is where the server takes it so: lower case, no digit first, no reserved word. */
export function quoteIdentifier(name: string): string {
  const isPlain = /^[_\p{Ll}][_\p{Ll}\p{Nd}]*$/u.test(name) && !reservedWords.has(name.toLowerCase());
  return isPlain ? name : `\`${name.replaceAll('`', '``')}\``;
}

/**
 * A text as SQL, whatever it holds. Sessions of this connector have backslash escapes (see `sessionSettings`), so that a
 * backslash at the end of a description cannot swallow the quote behind it.
 */
export function quoteLiteral(text: string): string {
  return `'${text
    .replaceAll('\\', String.raw`\\`)
    .replaceAll("'", "''")
    .replaceAll('\0', String.raw`\0`)}'`;
}

/**
 * The name as the server keeps it: characters past U+FFFF cannot be part of one, nor can a zero character, and spaces at
 * its end are not allowed. Each becomes an underscore.
 */
export function serverName(name: string): string {
  return name
    .replaceAll(/[\u{10000}-\u{10FFFF}\0]/gu, '_')
    .replace(/ +$/, (spaces) => '_'.repeat(spaces.length));
}
