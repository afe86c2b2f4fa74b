// Which known name a mistyped one was probably meant to be.

const MAX_EDITS = 2;

/** The nearest known name within two edits, ignoring case, `_` and `-`; undefined when none is near. */
export function similarName(name: string, known: readonly string[]): string | undefined {
  let best: string | undefined;
  let bestEdits = Math.min(MAX_EDITS, Math.floor(name.length / 3)) + 1;
  for (const candidate of known) {
    const edits = editDistance(fold(name), fold(candidate));
    if (edits < bestEdits) {
      best = candidate;
      bestEdits = edits;
    }
  }
  return best;
}

function fold(name: string): string {
  return name.toLowerCase().replaceAll(/[_-]/gu, '');
}

function editDistance(left: string, right: string): number {
  let previous = Array.from({ length: right.length + 1 }, (_, column) => column);
  for (let row = 1; row <= left.length; row += 1) {
    const current = [row];
    for (let column = 1; column <= right.length; column += 1) {
      const same = left[row - 1] === right[column - 1] ? 0 : 1;
      const replaced = (previous[column - 1] ?? 0) + same;
      const removed = (previous[column] ?? 0) + 1;
      const added = (current[column - 1] ?? 0) + 1;
      current.push(Math.min(replaced, removed, added));
    }
    previous = current;
  }
  return previous[right.length] ?? 0;
}
