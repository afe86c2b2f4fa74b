// From the definition of a stream to the stream that the engine runs.

import type { ChangeStream, Cursor, SnapshotStream, Stream } from '../engine/stream.ts';
import type { FieldSchema } from '../schema/document-schema.ts';
import { childrenStream } from '../streams/children-stream.ts';
import { streamOfParts, waitsInTurn } from '../streams/part-stream.ts';
import { DescentStream } from '../streams/descent-stream.ts';
import { exportStream } from '../streams/recent-changes.ts';
import { openChildChanges, openEvents } from '../streams/open-changes.ts';
import { ReportStream } from '../streams/report-stream.ts';
import { sequenceStream } from '../streams/sequence-stream.ts';
import { tokenStream } from '../streams/token-stream.ts';
import { windowedParts } from '../streams/twins.ts';
import type { ListsBelow } from '../streams/below-options.ts';
import type { StreamDefinition } from '../streams/definition.ts';
import type { StreamContext } from '../streams/stream-options.ts';
import type { WebhookDefinition } from '../webhook/webhook-definition.ts';
import { WalkStream } from '../streams/walk-stream.ts';
import { listsAbove } from '../streams/row-above.ts';
import { snapshotStream } from '../streams/snapshot-stream.ts';

/** A row of a snapshot is known by its number. */
export const SNAPSHOT_KEY = '/_meta/row_id';

/** Webhooks are opened together, elsewhere. */
export async function openStream(
  name: string,
  definition: Exclude<StreamDefinition, WebhookDefinition>,
  context: StreamContext,
  signal: AbortSignal,
): Promise<Stream> {
  const { kind } = definition;
  switch (kind) {
    case 'changes':
      return windowedParts(name, definition.options, context);
    case 'events':
      return changesOf(openEvents(name, definition.options, context));
    case 'child changes':
      return openChildChanges(name, definition.options, context);
    case 'parts': {
      const { of, as, isKeyless = false, stream, atOnce, headers } = definition.options;
      const opened = new Map<string, Stream>();
      for (const part of await of(context, signal)) {
        const ofPart = stream(part);
        if (atOnce !== undefined && ofPart.kind === 'exports') throw waitsInTurn(part);
        const own = context.sites?.get(part) ?? withHeaders(context, headers?.(part));
        opened.set(part, await openStream(name, ofPart, own, signal));
      }
      return streamOfParts(as === undefined ? undefined : { as, isKeyless }, opened, atOnce);
    }
    case 'walk':
      return changesOf(new WalkStream(name, definition.options, context));
    case 'descent':
      return changesOf(new DescentStream(name, definition.options, context));
    case 'sequence':
      return changesOf(sequenceStream(name, definition.options, context));
    case 'token':
      return changesOf(tokenStream(name, definition.options, context));
    case 'report':
      return changesOf(new ReportStream(definition.options, context));
    case 'exports':
      return changesOf(exportStream(name, definition.options, context));
    case 'raw changes': {
      const opened = definition.options.open(context);
      return 'kind' in opened ? opened : changesOf(opened);
    }
    case 'snapshot':
      return snapshotOf(snapshotStream(definition.options, context));
    case 'children':
      return snapshotOf(childrenStream(name, definition.options, context));
    case 'raw snapshot':
      return snapshotOf(definition.options.open(context));
    case 'feed':
      return { kind: 'feed', feed: definition.options.open(context) };
  }
}

function withHeaders(
  context: StreamContext,
  headers: Readonly<Record<string, string>> | undefined,
): StreamContext {
  return headers === undefined ? context : { ...context, client: context.client.withHeaders(headers) };
}

function changesOf(only: ChangeStream<Cursor>): Stream {
  return { kind: 'changes', parts: { only } };
}

function snapshotOf(only: SnapshotStream): Stream {
  return { kind: 'snapshot', parts: { only } };
}

export function streamKey({ kind, options }: StreamDefinition): readonly string[] {
  if (kind === 'parts') {
    const own = streamKey(options.stream(''));
    return options.as === undefined || options.isKeyless === true ? own : [`/_meta/${options.as}`, ...own];
  }
  return 'key' in options ? options.key : [SNAPSHOT_KEY];
}

/** The fields that discovery knows: of the key, of the cursor, and what the stream says itself. */
export function streamFields(definition: StreamDefinition): Record<string, FieldSchema> {
  const { kind, options } = definition;
  const { fields = {} } = options;
  if (kind === 'parts') return { ...streamFields(options.stream('')), ...fields };
  // Whoever reads by hand says himself what the key is.
  if (!('key' in options) || kind === 'raw changes' || kind === 'feed' || kind === 'webhook') {
    return { ...fields };
  }
  const { key, keyType = 'integer' } = options;
  return {
    ...Object.fromEntries(
      key.filter((pointer) => !pointer.startsWith('/_meta/')).map((pointer) => [pointer, { type: keyType }]),
    ),
    ...('cursor' in options ? { [options.cursor.pointer]: options.cursor.schema } : {}),
    ...('number' in options ? { [options.number]: { type: 'integer' } } : {}),
    ...fields,
  };
}

/** The members of `_meta` that the documents of a stream have beside those that all have. */
export function streamMeta({ kind, options }: StreamDefinition): Record<string, FieldSchema> {
  if (kind === 'parts') {
    const own = streamMeta(options.stream(''));
    return options.as === undefined ? own : { ...own, [options.as]: { type: 'string' } };
  }
  if (kind !== 'children' && kind !== 'child changes') return {};
  const names = kind === 'children' ? namesOfIds(options) : [options.as];
  return Object.fromEntries(
    names.flatMap((as) => (as === undefined || as.startsWith('/') ? [] : [[as, {}]])),
  );
}

function namesOfIds({ as, of }: ListsBelow): (string | undefined)[] {
  return [...listsAbove(of).flatMap((list) => ('of' in list ? namesOfIds(list) : [])), as];
}
