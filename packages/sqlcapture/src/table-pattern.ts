// Glob patterns that choose tables: `*` any run, `?` one code point, `\c` the character c. An unescaped dot splits
// schema from table; without one the pattern matches the table's name in any schema. Anchored, case-sensitive.

import { errors } from './errors.ts';
import type { StreamId } from './stream-id.ts';

export type TablePattern = (stream: StreamId) => boolean;

/** Throws SQL_TABLE_PATTERN_INVALID, naming the pattern and what is wrong with it. */
export function compileTablePattern(pattern: string): TablePattern {
  const parts = splitAtDot(pattern);
  const [first = '', second] = parts;
  if (pattern === '') throw invalid(pattern, 'it is empty');
  if (parts.length > 2) throw invalid(pattern, "it has more than one '.'");
  if (second === undefined) {
    const name = compileGlob(first);
    return (stream) => name.test(stream.name);
  }
  if (first === '') throw invalid(pattern, 'the schema part is empty');
  if (second === '') throw invalid(pattern, 'the table part is empty');
  const [namespace, name] = [compileGlob(first), compileGlob(second)];
  return (stream) => namespace.test(stream.namespace) && name.test(stream.name);
}

function splitAtDot(pattern: string): string[] {
  const parts = [''];
  const characters = Array.from(pattern);
  for (let i = 0; i < characters.length; i += 1) {
    const character = characters[i] ?? '';
    if (character === '.') {
      parts.push('');
      continue;
    }
    let text = character;
    if (character === '\\') {
      i += 1;
      const escaped = characters[i];
      if (escaped === undefined) throw invalid(pattern, 'it ends in a lone backslash');
      text += escaped;
    }
    parts[parts.length - 1] += text;
  }
  return parts;
}

function compileGlob(glob: string): RegExp {
  let source = '';
  const characters = Array.from(glob);
  for (let i = 0; i < characters.length; i += 1) {
    const character = characters[i] ?? '';
    if (character === '*') source += '.*';
    else if (character === '?') source += '.';
    else if (character === '\\') {
      i += 1;
      source += literal(characters[i] ?? '');
    } else source += literal(character);
  }
  return new RegExp(`^${source}$`, 'su');
}

function literal(character: string): string {
  return character.replaceAll(/[\\^$.*+?()[\]{}|/]/gu, String.raw`\$&`);
}

function invalid(pattern: string, reason: string) {
  return errors.SQL_TABLE_PATTERN_INVALID({
    message: `the table pattern ${JSON.stringify(pattern)} is not valid: ${reason}`,
  });
}
