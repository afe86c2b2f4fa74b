// How many columns of a terminal a text takes: names of tasks may hold letters of any script, and a line that is too
// long would wrap and break the redrawing.

/** East Asian wide and fullwidth letters, and pictographs. */
const wide =
  /[\u1100-\u115F\u2E80-\u303E\u3041-\uA4CF\uAC00-\uD7A3\uF900-\uFAFF\uFE30-\uFE6F\uFF00-\uFF60\uFFE0-\uFFE6\u{1F300}-\u{1FAFF}\u{20000}-\u{3FFFD}]/u;
const invisible = /[\p{Mn}\p{Me}\p{Cf}\p{Cc}]/u;

function widthOf(character: string): number {
  if (invisible.test(character)) return 0;
  return wide.test(character) ? 2 : 1;
}

export function textWidth(text: string): number {
  let width = 0;
  for (const character of text) width += widthOf(character);
  return width;
}

/** At most `width` columns; a cut text ends in `…`. Control characters are dropped. */
export function truncate(text: string, width: number): string {
  const plain = text.replaceAll(/\p{Cc}/gu, '');
  if (textWidth(plain) <= width) return plain;
  let kept = '';
  let used = 0;
  for (const character of plain) {
    used += widthOf(character);
    if (used > width - 1) break;
    kept += character;
  }
  return width < 1 ? '' : `${kept}…`;
}

export function padEnd(text: string, width: number): string {
  return text + ' '.repeat(Math.max(0, width - textWidth(text)));
}

export function padStart(text: string, width: number): string {
  return ' '.repeat(Math.max(0, width - textWidth(text))) + text;
}
