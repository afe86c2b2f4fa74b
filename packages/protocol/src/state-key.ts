// The stable names of a binding. A new backfill counter gives a new state key, and so forgets the old state.

/** Everything else is percent-encoded, the joining slashes among it. */
const ENCODED = /[^\p{Alphabetic}\p{N}\-_+.=]/gu;

function percentEncode(character: string): string {
  return [...Buffer.from(character)]
    .map((byte) => `%${byte.toString(16).toUpperCase().padStart(2, '0')}`)
    .join('');
}

/** `["public", "users"]` is `public%2Fusers`, and `public%2Fusers.v2` at backfill counter 2. */
export function stateKey(resourcePath: readonly string[], backfill: number): string {
  const encoded = resourcePath.join('/').replaceAll(ENCODED, percentEncode);
  return backfill > 0 ? `${encoded}.v${backfill}` : encoded;
}

/** Distinguishes the readers of one journal in a checkpoint, whose keys are `journal;suffix`. */
export function journalReadSuffix(materialization: string, bindingStateKey: string): string {
  return `materialize/${materialization}/${bindingStateKey}`;
}
