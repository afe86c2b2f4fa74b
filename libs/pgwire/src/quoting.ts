/** An identifier as SQL text, always quoted: `we"ird` becomes `"we""ird"`. */
export function quoteIdentifier(name: string): string {
  if (name.includes('\0')) throw new TypeError('a PostgreSQL identifier cannot contain a NUL character');
  return `"${name.replaceAll('"', '""')}"`;
}

/** `quoteQualified('public', 'T')` is `"public"."T"`. */
export function quoteQualified(...names: readonly string[]): string {
  return names.map(quoteIdentifier).join('.');
}

/** A string as SQL text, safe whatever `standard_conforming_strings` says: one with a backslash becomes E'…'. */
export function quoteLiteral(value: string): string {
  if (value.includes('\0')) throw new TypeError('a PostgreSQL string cannot contain a NUL character');
  const quoted = value.replaceAll("'", "''");
  return quoted.includes('\\') ? ` E'${quoted.replaceAll('\\', '\\\\')}'` : `'${quoted}'`;
}

/** The replication grammar knows no E'…' strings and no escapes but the doubled quote. */
export function quoteReplicationLiteral(value: string): string {
  if (value.includes('\0')) throw new TypeError('a PostgreSQL string cannot contain a NUL character');
  return `'${value.replaceAll("'", "''")}'`;
}
