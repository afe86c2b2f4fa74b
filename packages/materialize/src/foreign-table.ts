// A table that a new binding finds in its place. Whoever made it did not make it for this task: it is taken as it is, with
// columns added, or not at all. A backfill would solve what does not fit, by dropping it, and is no way out here.

import { isRootDocument } from './base-constraint.ts';
import type { BindingToConstrain } from './constrained-binding.ts';
import type { EndpointRules } from './endpoint-rules.ts';
import { errors } from './errors.ts';
import type { ExistingResource, InfoSchema } from './info-schema.ts';

/** Throws MATERIALIZE_TABLE_UNFIT unless the table has the key of the binding, and can hold its documents. */
export function assertFits(
  binding: BindingToConstrain,
  existing: ExistingResource,
  info: InfoSchema,
  rules: EndpointRules,
): void {
  const { collection, resourcePath, groupBy, deltaUpdates, fieldConfig } = binding;
  const isKey = ({
    field,
    isPrimaryKey,
  }: {
    readonly field: string;
    readonly isPrimaryKey: boolean;
  }): boolean => (groupBy.length === 0 ? isPrimaryKey : groupBy.includes(field));
  const problems: string[] = [];
  const needed = collection.projections.filter(
    (projection) => isKey(projection) || (!deltaUpdates && isRootDocument(projection)),
  );
  for (const projection of needed) {
    const { field } = projection;
    const column = info.field(resourcePath, field);
    const use = { isKey: isKey(projection), fieldConfig: fieldConfig[field], resourcePath };
    const mapped = rules.mapType(projection, use);
    if (column === undefined) {
      if (use.isKey && !deltaUpdates) problems.push(`it has no column "${field}", which is part of the key`);
      continue;
    }
    const fits = mapped.compatible(column) || (!use.isKey && mapped.canMigrate(column));
    if (!fits) problems.push(misfit(field, column.type, mapped.text));
  }
  const keys = needed.filter(isKey).map(({ field }) => field);
  const isKeyed = deltaUpdates || (rules.hasKey?.(existing, keys) ?? true);
  if (!isKeyed) problems.push(`its primary key is not (${keys.join(', ')}), the key of the collection`);
  if (problems.length > 0) throw unfit(resourcePath, problems);
}

export function misfit(field: string, type: string, needed: string): string {
  return `the column of "${field}" is ${type}, and ${needed} is needed`;
}

export function unfit(resourcePath: readonly string[], problems: readonly string[]): Error {
  return errors.MATERIALIZE_TABLE_UNFIT({
    message: `The table ${resourcePath.join('.')} was not made by this task, and does not fit: ${problems.join('; ')}.`,
  });
}
