// The configuration of one binding: a name, what is read, along which columns, and when.

import { type ConfigOf, configSchema, item, list, optional, text } from '@weir/schema';
import { errors } from './errors.ts';
import { parseSchedule, schedulePattern } from './schedule.ts';

/** The schema, under the stable URI of the connector's own. */
export function batchResourceSchema(id: string) {
  return configSchema(
    { id, title: 'Batch SQL Resource Spec' },
    {
      name: text({
        title: 'Resource Name',
        description: 'The unique name of this resource.',
        order: 0,
      }),
      schema: optional(
        text({
          title: 'Schema Name',
          description: 'The name of the schema in which the captured table lives.',
          order: 1,
        }),
      ),
      table: optional(
        text({ title: 'Table Name', description: 'The name of the table to be captured.', order: 2 }),
      ),
      cursor: optional(
        list(item('string'), {
          title: 'Cursor Columns',
          description:
            'The names of columns whose values only grow, and along which new rows are found. Leave it empty to read everything at each poll.',
          order: 3,
        }),
      ),
      poll: optional(
        text({
          title: 'Polling Schedule',
          description:
            'When to run the query: an interval such as 5m or 6h, or a time of day in UTC such as daily at 12:34Z. The schedule of the capture if it is empty.',
          pattern: `^$|${schedulePattern}`,
          order: 4,
        }),
      ),
      template: optional(
        text({
          title: 'Query Template Override',
          description:
            'A query to run instead of the one that is made from the table and the cursor columns. The README of the connector says what it may hold.',
          multiline: true,
          order: 5,
        }),
      ),
    },
  );
}

export type BatchResource = ConfigOf<ReturnType<typeof batchResourceSchema>>;

/** The template of a resource; undefined for none, and for a blank one. */
export function resourceTemplate(resource: BatchResource): string | undefined {
  return resource.template === undefined || resource.template === '' ? undefined : resource.template;
}

/** The table of a resource that has one. */
export function resourceTable(
  resource: BatchResource,
): { readonly schema: string; readonly table: string } | undefined {
  const { schema, table } = resource;
  if (schema === undefined || schema === '' || table === undefined || table === '') return undefined;
  return { schema, table };
}

/** What a schema cannot say. Throws SQLBATCH_RESOURCE_INVALID and SQLBATCH_SCHEDULE_INVALID. */
export function validateBatchResource(resource: BatchResource): void {
  const problem = problemOf(resource);
  if (problem !== undefined) {
    throw errors.SQLBATCH_RESOURCE_INVALID({
      message: `the binding ${JSON.stringify(resource.name)} ${problem}`,
    });
  }
  if (resource.poll !== undefined && resource.poll !== '') parseSchedule(resource.poll);
}

function problemOf(resource: BatchResource): string | undefined {
  if (resource.name === '') return 'has no name';
  if (resourceTemplate(resource) === undefined && resourceTable(resource) === undefined) {
    return 'names neither a table (`schema` and `table`) nor a query (`template`)';
  }
  if (resource.cursor?.includes('') === true) return 'has a cursor column without a name';
  if (new Set(resource.cursor).size !== (resource.cursor?.length ?? 0)) return 'names a cursor column twice';
  return undefined;
}

/** The name that discovery gives a table: `table`, or `schema_table` outside the schema that tables are in by default. */
export function recommendedResourceName(schema: string, table: string): string {
  const isDefault = schema === 'public' || schema === 'dbo';
  return (isDefault ? table : `${schema}_${table}`).toLowerCase().replaceAll(/[^a-z0-9\-_.]/gu, '_');
}
