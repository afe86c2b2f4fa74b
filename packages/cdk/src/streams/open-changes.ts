// Streams of changes that are made of other streams: lists below rows that change, and logs of events beside lists.

import type { ChangeStream, Stream } from '../engine/stream.ts';
import type { Instant } from '../time/instant.ts';
import { ChildChanges } from './child-changes-stream.ts';
import type { ChildChangesOptions } from './below-options.ts';
import type { EventsOptions } from './changes-options.ts';
import type { StreamContext } from './stream-options.ts';
import { DescentStream } from './descent-stream.ts';
import { EventStream } from './event-stream.ts';
import { tokenStream } from './token-stream.ts';
import { windowedParts } from './twins.ts';

export function openEvents(name: string, options: EventsOptions, context: StreamContext): EventStream {
  const { history } = options;
  if (!('kind' in history)) {
    return new EventStream(name, options, context, new DescentStream(name, history, context));
  }
  const above = history.options.of;
  const below = new ChildChanges(name, history.options, context, openRows(name, above, context));
  return new EventStream(name, options, context, below);
}

export function openChildChanges(name: string, options: ChildChangesOptions, context: StreamContext): Stream {
  const { of } = options;
  const below = (parents: ChangeStream<Instant>): ChangeStream<Instant> =>
    new ChildChanges(name, options, context, parents);
  if (of.kind === 'changes') return windowedParts(name, of.options, context, below);
  if (of.kind === 'token') {
    const parents = tokenStream(name, of.options, context);
    return { kind: 'changes', parts: { only: new ChildChanges(name, options, context, parents) } };
  }
  return { kind: 'changes', parts: { only: below(openRows(name, of, context)) } };
}

/** Rows above, of one look: not of windows, which may have two. */
function openRows(
  name: string,
  { kind, options }: ChildChangesOptions['of'],
  context: StreamContext,
): ChangeStream<Instant> {
  switch (kind) {
    case 'changes':
    case 'token':
      throw new TypeError(
        `${name}: windows and tokens are no history of events, and have no lists below lists`,
      );
    case 'descent':
      return new DescentStream(name, options, context);
    case 'events':
      return openEvents(name, options, context);
    case 'child changes':
      return new ChildChanges(name, options, context, openRows(name, options.of, context));
  }
}
