// How the server keeps names: the first 63 bytes, ended between two characters (PostgreSQL manual: "Identifiers and Key
// Words"). Identifiers are always quoted, so that a name means the same whether or not it is a reserved word.

import { cutToBytes } from '@weir/materialize-sql';
import { DEFAULT_SCHEMA } from './config.ts';

const MAX_NAME_BYTES = 63;

export function serverName(name: string): string {
  return cutToBytes(name, MAX_NAME_BYTES);
}

/** A path without a schema is in the schema that the server looks in by itself. */
export function locate(resourcePath: readonly string[]): readonly string[] {
  const named = resourcePath.length === 1 ? [DEFAULT_SCHEMA, ...resourcePath] : resourcePath;
  return named.map(serverName);
}
