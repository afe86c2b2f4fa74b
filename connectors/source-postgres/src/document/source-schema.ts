// The schema of `_meta.source`: where a document comes from.

import type { JsonSchema } from '@weir/sqlcapture';

export function sourceSchema(sourceTag: string | undefined): JsonSchema {
  return {
    type: 'object',
    required: ['schema', 'table', 'loc'],
    properties: {
      ts_ms: {
        type: 'integer',
        description: 'Unix timestamp (in millis) at which this event was recorded by the database.',
      },
      schema: { type: 'string', description: 'Database schema (namespace) of the event.' },
      snapshot: { type: 'boolean', description: 'Snapshot is true if the record was read by a backfill.' },
      table: { type: 'string', description: 'Database table of the event.' },
      loc: {
        type: 'array',
        description:
          'Position of this event: the end of the transaction before it, the event itself and the commit of its transaction, as log sequence numbers; the number of the row for a backfill.',
        items: { type: 'integer' },
        minItems: 3,
        maxItems: 3,
      },
      txid: { type: 'integer', description: 'The 32-bit transaction ID assigned by the database.' },
      ...(sourceTag === undefined
        ? {}
        : {
            tag: { type: 'string', description: 'Optional source tag, as it is configured for the capture.' },
          }),
    },
  };
}
