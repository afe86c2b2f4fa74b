// Parts of a binding that were captured before and are not read any more. The rest of the binding goes on, so nothing else would
// tell of them: its state stays, and its status says that all is backfilled.

import type { Logger } from '@weir/connector';
import type { BindingState } from '../engine/binding-state.ts';
import { partsOf } from '../engine/binding-start.ts';
import type { Stream } from '../engine/stream.ts';
import { errors } from '../errors.ts';

/** So many are named. */
const NAMED = 10;

/** `sites`: those of the configuration. Throws where one of them is not reached any more. */
export function tellLostParts(
  name: string,
  stream: Stream,
  state: BindingState,
  sites: ReadonlySet<string>,
  log: Logger,
): void {
  if (stream.kind === 'feed') return;
  const read = new Set(partsOf<unknown>(stream.parts).map(([part]) => part));
  const lost = state.partNames().filter((part) => !read.has(part));
  const site = lost.find((part) => sites.has(part));
  if (site !== undefined) {
    throw errors.CDK_BINDING_UNKNOWN({
      message: `The stream ${JSON.stringify(name)} was captured from ${JSON.stringify(site)}, whose credentials do not reach it any more. Grant them what they lack, or take ${JSON.stringify(site)} out of the configuration.`,
    });
  }
  if (lost.length === 0) return;
  log.warn('parts of a stream that were captured before are not there any more: their documents stay', {
    stream: name,
    count: lost.length,
    parts: lost.slice(0, NAMED),
  });
}
