// A table of the source is named by its namespace (schema) and its name, in exact case. Catalogs written for a
// system that folds case may differ in case from the table, so a lookup falls back to the one table that matches
// when case is ignored.

export interface StreamId {
  readonly namespace: string;
  readonly name: string;
}

/** A map key: unambiguous because '%' and '.' inside the parts are escaped. */
export function streamKey(stream: StreamId): string {
  return `${escapePart(stream.namespace)}.${escapePart(stream.name)}`;
}

function escapePart(part: string): string {
  return part.replaceAll('%', '%25').replaceAll('.', '%2E');
}

/** For messages: `schema.table` as a person would say it, on one line. */
export function streamLabel(stream: StreamId): string {
  return `${stream.namespace}.${stream.name}`.replaceAll(/\p{Cc}/gu, (control) =>
    JSON.stringify(control).slice(1, -1),
  );
}

/** The exact match, else the only one that matches when case is ignored, else undefined. */
export function findStream<T extends StreamId>(candidates: Iterable<T>, wanted: StreamId): T | undefined {
  const folded: T[] = [];
  for (const candidate of candidates) {
    if (candidate.namespace === wanted.namespace && candidate.name === wanted.name) return candidate;
    if (sameFolded(candidate, wanted)) folded.push(candidate);
  }
  return folded.length === 1 ? folded[0] : undefined;
}

function sameFolded(a: StreamId, b: StreamId): boolean {
  return (
    a.namespace.toLowerCase() === b.namespace.toLowerCase() && a.name.toLowerCase() === b.name.toLowerCase()
  );
}

/** `schema/table` in lower case, with every character that a collection name cannot hold as '_'. */
export function recommendedName(stream: StreamId): string {
  return `${namePart(stream.namespace)}/${namePart(stream.name)}`;
}

function namePart(part: string): string {
  const clean = part.toLowerCase().replaceAll(/[^a-z0-9\-_.]/gu, '_');
  return clean === '.' || clean === '..' ? clean.replaceAll('.', '_') : clean;
}
