// Columns are top-level properties of a document, so a column and its JSON pointer name each other.

/** The key of a table without one: the position of each change (see `source.loc`). */
export const FALLBACK_KEY: readonly string[] = [
  '/_meta/source/loc/0',
  '/_meta/source/loc/1',
  '/_meta/source/loc/2',
];

export function columnToPointer(column: string): string {
  return `/${column.replaceAll('~', '~0').replaceAll('/', '~1')}`;
}

export function pointerToColumn(pointer: string): string {
  return pointer.replace(/^\//, '').replaceAll('~1', '/').replaceAll('~0', '~');
}

export function isFallbackKey(pointers: readonly string[]): boolean {
  return (
    pointers.length === FALLBACK_KEY.length && FALLBACK_KEY.every((pointer, i) => pointers[i] === pointer)
  );
}

/** The columns of a collection's key; none when it is keyed by position. Other metadata in the key is no column. */
export function collectionKeyColumns(pointers: readonly string[]): readonly string[] {
  return pointers.filter((pointer) => !pointer.startsWith('/_meta/')).map(pointerToColumn);
}
