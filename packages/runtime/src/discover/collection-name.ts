// The name of the collection that a discovered binding is captured into.

/** Runs of characters that names may not hold become `_`; slashes stay, empty parts go. */
export function normalizeName(recommendedName: string): string {
  return recommendedName
    .normalize('NFKC')
    .split('/')
    .map((part) => (part.match(/[\p{L}\p{N}\-_.]+/gu) ?? []).join('_'))
    .filter((part) => part !== '')
    .join('/');
}

/** The capture's name without its last part, then the normalised recommended name. */
export function collectionName(captureName: string, recommendedName: string): string {
  const prefix = captureName.slice(0, captureName.lastIndexOf('/') + 1);
  return `${prefix}${normalizeName(recommendedName) || 'unnamed'}`;
}
