// One enabled binding of the running capture.

import type { ResourceConfig } from './resource.ts';
import { resourceStream } from './resource.ts';
import { streamKey, streamLabel } from './stream-id.ts';
import { errors } from './errors.ts';

export interface SqlBinding {
  /** Of the captured documents on the wire. */
  readonly index: number;
  readonly stateKey: string;
  readonly resource: ResourceConfig;
  /** JSON pointers. */
  readonly collectionKey: readonly string[];
  /** The collection projects `/_meta/source/txid`, so documents carry it. */
  readonly wantsTransactionId: boolean;
}

/** Throws SQL_TABLE_BOUND_TWICE. */
export function requireDistinctTables(bindings: readonly { readonly resource: ResourceConfig }[]): void {
  const seen = new Set<string>();
  for (const { resource } of bindings) {
    const stream = resourceStream(resource);
    const key = streamKey(stream);
    if (seen.has(key)) {
      throw errors.SQL_TABLE_BOUND_TWICE({ message: `the table ${streamLabel(stream)} is bound twice` });
    }
    seen.add(key);
  }
}
