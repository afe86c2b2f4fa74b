// From the definition of a stream to the stream that the engine runs.

import type { Stream } from '../engine/stream.ts';
import type { Query } from '../http/request.ts';
import type { FieldSchema } from '../schema/document-schema.ts';
import { childrenStream } from '../streams/children-stream.ts';
import { WindowedStream } from '../streams/windowed-stream.ts';
import type { StreamContext, StreamDefinition } from '../streams/definition.ts';
import type { WebhookDefinition } from '../webhook/webhook-definition.ts';
import { WalkStream } from '../streams/walk-stream.ts';
import { snapshotStream } from '../streams/snapshot-stream.ts';

/** A row of a snapshot is known by its number. */
export const SNAPSHOT_KEY = '/_meta/row_id';

/** `query`: parameters of every list. Webhooks are opened together, elsewhere. */
export function openStream(
  name: string,
  definition: Exclude<StreamDefinition, WebhookDefinition>,
  context: StreamContext,
  query: Query | undefined,
): Stream {
  switch (definition.kind) {
    case 'changes': {
      const options = { ...definition.options, query: { ...query, ...definition.options.query } };
      return { kind: 'changes', parts: { only: new WindowedStream(name, options, context) } };
    }
    case 'walk': {
      const options = { ...definition.options, query: { ...query, ...definition.options.query } };
      return { kind: 'changes', parts: { only: new WalkStream(name, options, context) } };
    }
    case 'snapshot': {
      const options = { ...definition.options, query: { ...query, ...definition.options.query } };
      return { kind: 'snapshot', parts: { only: snapshotStream(options, context) } };
    }
    case 'children': {
      const options = { ...definition.options, query: { ...query, ...definition.options.query } };
      return { kind: 'snapshot', parts: { only: childrenStream(name, options, context) } };
    }
    case 'raw changes':
      return { kind: 'changes', parts: { only: definition.options.open(context) } };
    case 'feed':
      return { kind: 'feed', feed: definition.options.open(context) };
    case 'raw snapshot':
      return { kind: 'snapshot', parts: { only: definition.options.open(context) } };
  }
}

export function streamKey(definition: StreamDefinition): readonly string[] {
  return 'key' in definition.options ? definition.options.key : [SNAPSHOT_KEY];
}

/** The fields that discovery knows: of the key, of the cursor, and what the stream says itself. */
export function streamFields(definition: StreamDefinition): Record<string, FieldSchema> {
  const { fields = {} } = definition.options;
  if (definition.kind !== 'changes' && definition.kind !== 'walk') return { ...fields };
  const { key, keyType = 'integer', cursor } = definition.options;
  return {
    ...Object.fromEntries(key.map((pointer) => [pointer, { type: keyType }])),
    [cursor.pointer]: cursor.schema,
    ...fields,
  };
}
