// What catalogs may name things.

const entityName = /^[\p{L}\p{N}\-_.]+(\/[\p{L}\p{N}\-_.]+)*$/u;

/** Path components of letters, digits, `-`, `_` and `.`, joined by `/`. */
export function isEntityName(name: string): boolean {
  return entityName.test(name);
}

/** A JSON pointer that is not the root. */
export function isKeyPointer(pointer: string): boolean {
  return /^(\/([^~/]|~[01])+)+$/.test(pointer);
}
