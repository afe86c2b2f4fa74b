// A binding as the engine needs it.

import type { CaptureBinding } from '@weir/capture';
import type { DocumentSource } from './document-layout.ts';
import { type BatchResource, resourceTable, resourceTemplate } from './resource.ts';
import type { Schedule } from './schedule.ts';
import { parseSchedule } from './schedule.ts';

export const ROW_ID_KEY: readonly string[] = ['/_meta/row_id'];

export interface BatchBinding {
  readonly index: number;
  readonly stateKey: string;
  readonly resource: BatchResource;
  readonly cursor: readonly string[];
  readonly template: string | undefined;
  readonly table: { readonly schema: string; readonly table: string } | undefined;
  readonly schedule: Schedule;
  /** The collection is keyed by the number of each row, so each document says what became of its row. */
  readonly hasRowIdKey: boolean;
  readonly source: DocumentSource;
}

export function batchBinding(
  binding: Pick<CaptureBinding<BatchResource>, 'index' | 'stateKey' | 'resource' | 'collection'>,
  settings: { readonly defaultSchedule: string; readonly sourceTag: string | undefined },
): BatchBinding {
  const { index, stateKey, resource, collection } = binding;
  const poll = resource.poll === undefined || resource.poll === '' ? settings.defaultSchedule : resource.poll;
  return {
    index,
    stateKey,
    resource,
    cursor: resource.cursor ?? [],
    template: resourceTemplate(resource),
    table: resourceTable(resource),
    schedule: parseSchedule(poll),
    hasRowIdKey: collection.key.length === 1 && collection.key[0] === ROW_ID_KEY[0],
    source: {
      resource: resource.name,
      schema: resource.schema === '' ? undefined : resource.schema,
      table: resource.table === '' ? undefined : resource.table,
      tag: settings.sourceTag,
    },
  };
}
