// A query template cut into pieces: text as it is, and the tokens of each `{{ … }}`. `{{- ` takes the blanks before it
// away and ` -}}` those after it. Syntax: Go's package text/template, "Actions" and "Text and spaces".

import { templateError } from './template-error.ts';

export type Token =
  | { readonly kind: 'word'; readonly text: string; readonly at: number }
  /** `.Name`; just `.` has an empty text. */
  | { readonly kind: 'field'; readonly text: string; readonly at: number; readonly glued: boolean }
  /** `$name`; just `$` has an empty text. */
  | { readonly kind: 'variable'; readonly text: string; readonly at: number }
  | { readonly kind: 'literal'; readonly value: string | number; readonly text: string; readonly at: number }
  | { readonly kind: 'symbol'; readonly text: '(' | ')' | '|' | ',' | ':=' | '='; readonly at: number };

export type Piece =
  | { readonly kind: 'text'; readonly text: string }
  | { readonly kind: 'action'; readonly tokens: readonly Token[]; readonly at: number };

export function cutTemplate(template: string): Piece[] {
  const pieces: Piece[] = [];
  let position = 0;
  let trimNext = false;
  const addText = (end: number, trimEnd: boolean): void => {
    let text = template.slice(position, end);
    if (trimNext) text = text.trimStart();
    if (trimEnd) text = text.trimEnd();
    if (text !== '') pieces.push({ kind: 'text', text });
  };
  for (;;) {
    const start = template.indexOf('{{', position);
    if (start < 0) break;
    const trimsBefore = /^-\s/.test(template.slice(start + 2, start + 4));
    addText(start, trimsBefore);
    const inside = start + (trimsBefore ? 3 : 2);
    const comment = /^\s*\/\*[\s\S]*?\*\/\s*?( -)?\}\}/.exec(template.slice(inside));
    if (comment !== null) {
      position = inside + comment[0].length;
      trimNext = comment[1] !== undefined;
      continue;
    }
    const action = readAction(template, inside, start);
    pieces.push({ kind: 'action', tokens: action.tokens, at: start });
    position = action.end;
    trimNext = action.trimsAfter;
  }
  addText(template.length, false);
  return pieces;
}

interface ReadAction {
  readonly tokens: readonly Token[];
  readonly end: number;
  readonly trimsAfter: boolean;
}

const tokenPattern =
  /\s*(?:(?<end>(?<=\s)-\}\}|\}\})|(?<field>\.[\p{L}_][\p{L}\p{N}_]*|\.(?![\p{L}\p{N}_]))|(?<variable>\$(?:[\p{L}_][\p{L}\p{N}_]*)?)|(?<number>[-+]?\d+(?:\.\d+)?(?![\p{L}\p{N}_]))|(?<string>"(?:[^"\\\n]|\\.)*")|(?<raw>`[^`]*`)|(?<word>[\p{L}_][\p{L}\p{N}_]*)|(?<symbol>:=|[()|,=]))/uy;

function readAction(template: string, from: number, start: number): ReadAction {
  const tokens: Token[] = [];
  tokenPattern.lastIndex = from;
  for (;;) {
    const before = tokenPattern.lastIndex;
    const match = tokenPattern.exec(template);
    if (match === null) {
      const rest = template.slice(before).trimStart();
      const at = template.length - rest.length;
      if (rest === '') throw templateError(template, start, 'this {{ is never closed by }}');
      throw templateError(template, at, `${JSON.stringify(rest.slice(0, 12))} is not understood`);
    }
    const groups = match.groups ?? {};
    const text = match[0].trimStart();
    const at = tokenPattern.lastIndex - text.length;
    if (groups['end'] !== undefined) {
      return { tokens, end: tokenPattern.lastIndex, trimsAfter: groups['end'].startsWith('-') };
    }
    if (groups['field'] !== undefined) {
      tokens.push({ kind: 'field', text: text.slice(1), at, glued: at === before });
    } else if (groups['variable'] !== undefined) tokens.push({ kind: 'variable', text: text.slice(1), at });
    else if (groups['number'] !== undefined) tokens.push({ kind: 'literal', value: Number(text), text, at });
    else if (groups['string'] !== undefined) {
      tokens.push({ kind: 'literal', value: unquote(template, text, at), text, at });
    } else if (groups['raw'] !== undefined) {
      tokens.push({ kind: 'literal', value: text.slice(1, -1), text, at });
    } else if (groups['word'] !== undefined) tokens.push({ kind: 'word', text, at });
    else tokens.push({ kind: 'symbol', text: text as '(', at });
  }
}

const escapes: Readonly<Record<string, string>> = {
  n: '\n',
  t: '\t',
  r: '\r',
  '"': '"',
  '\\': '\\',
  "'": "'",
};

function unquote(template: string, quoted: string, at: number): string {
  return quoted.slice(1, -1).replaceAll(/\\(.)/g, (_, letter: string) => {
    const character = escapes[letter];
    if (character === undefined) throw templateError(template, at, `the escape \\${letter} is not supported`);
    return character;
  });
}
