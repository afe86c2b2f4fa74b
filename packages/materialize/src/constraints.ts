// Which fields of a collection a binding may, must or must not materialize. Pure: it looks at the spec, the one applied
// last, and what the destination holds. Source of the rules: Flow's validation of materializations. INCOMPATIBLE
// means that a backfill would solve it, FIELD_FORBIDDEN that nothing does.

import type {
  CollectionSpec,
  MaterializationBindingSpec,
  MaterializationSpec,
  ProjectionConstraint,
} from '@weir/protocol';
import { isRootDocument } from './base-constraint.ts';
import type { EndpointRules } from './endpoint-rules.ts';
import { errors } from './errors.ts';
import { sortedProjections, type BindingToConstrain, type FieldVerdict } from './constrained-binding.ts';
import { existingConstraints } from './existing-constraints.ts';
import { assertFits } from './foreign-table.ts';
import { withoutLongNames } from './field-length.ts';
import type { InfoSchema } from './info-schema.ts';

/** The constraints of all projections, by field. Throws when the binding as a whole is impossible. */
export function constraints(
  binding: BindingToConstrain,
  last: MaterializationSpec | undefined,
  info: InfoSchema,
  rules: EndpointRules,
): readonly ProjectionConstraint[] {
  const lastBinding = lastBindingOf(last, binding.resourcePath);
  const existing = info.resource(binding.resourcePath);
  assertKeysExist(binding.collection);
  if (existing !== undefined && lastBinding === undefined && !rules.allowExistingTables) {
    throw errors.MATERIALIZE_TABLE_EXISTS({
      message: `The table ${binding.resourcePath.join('.')} exists already, and the binding for it is new.`,
    });
  }
  if (existing === undefined) assertNotLost(binding, lastBinding);
  else if (lastBinding === undefined) assertFits(binding, existing, info, rules);
  const isNew =
    existing === undefined || (lastBinding !== undefined && lastBinding.backfill !== binding.backfill);
  if (!isNew && lastBinding !== undefined && lastBinding.deltaUpdates && !binding.deltaUpdates) {
    throw errors.MATERIALIZE_DELTA_TO_STANDARD({
      message: `The binding ${binding.resourcePath.join('.')} changed from delta updates to standard updates.`,
    });
  }
  const verdicts = isNew
    ? newConstraints(binding, rules)
    : existingConstraints(binding, lastBinding, info, rules);
  return withoutLongNames(verdicts, rules.maxFieldLength, binding.collection.name).map((verdict) =>
    constraintOf(verdict, info),
  );
}

/** The binding of a resource path in the spec applied last, also when it is disabled there. */
export function lastBindingOf(
  last: MaterializationSpec | undefined,
  resourcePath: readonly string[],
): MaterializationBindingSpec | undefined {
  const isSame = (binding: MaterializationBindingSpec): boolean =>
    binding.resourcePath.length === resourcePath.length &&
    binding.resourcePath.every((part, index) => part === resourcePath[index]);
  return last?.bindings.find(isSame) ?? last?.inactiveBindings.find(isSame);
}

/** Of a binding without a table: throws when it has had one, and nobody asked for a backfill. */
export function assertNotLost(
  { resourcePath, backfill }: Pick<BindingToConstrain, 'resourcePath' | 'backfill'>,
  last: MaterializationBindingSpec | undefined,
): void {
  if (last === undefined || last.backfill !== backfill) return;
  throw errors.MATERIALIZE_TABLE_MISSING({
    message: `The table ${resourcePath.join('.')} is gone, which this task has made and filled.`,
  });
}

/** Throws when two bindings would be one table. */
export function assertDistinctResources(paths: readonly (readonly string[])[], info: InfoSchema): void {
  const ambiguous = info.ambiguousResourcePaths(paths);
  if (ambiguous.length === 0) return;
  const names = ambiguous.map((path) => path.join('.')).join(', ');
  throw errors.MATERIALIZE_RESOURCE_AMBIGUOUS({
    message: `These bindings are one and the same table in the destination: ${names}.`,
  });
}

function assertKeysExist(collection: CollectionSpec): void {
  for (const projection of collection.projections) {
    const { exists, types, default: fallback } = projection.inference;
    if (!projection.isPrimaryKey || fallback !== undefined) continue;
    if (exists === 'MUST' && !types.includes('null')) continue;
    throw errors.MATERIALIZE_KEY_NULLABLE({
      message: `The key field "${projection.field}" of ${collection.name} may be missing or null, and has no default.`,
    });
  }
}

function newConstraints(binding: BindingToConstrain, rules: EndpointRules): readonly FieldVerdict[] {
  const { collection, deltaUpdates, fieldConfig } = binding;
  let document: string | undefined;
  return sortedProjections(collection).map((projection) => {
    const base = rules.baseConstraint(projection, {
      deltaUpdates,
      fieldConfig: fieldConfig[projection.field],
    });
    if (deltaUpdates) return { projection, ...base };
    if (isRootDocument(projection)) {
      if (document !== undefined) {
        return {
          projection,
          type: 'FIELD_FORBIDDEN',
          reason: `Only one field can hold the document, and "${document}" does`,
        };
      }
      document = projection.field;
    }
    const isWanted = base.type === 'LOCATION_RECOMMENDED' || base.type === 'FIELD_OPTIONAL';
    if (projection.ptr === collection.key[0] && isWanted) {
      return {
        projection,
        type: 'LOCATION_REQUIRED',
        reason: 'The first location of the key is needed for standard updates',
      };
    }
    return { projection, ...base };
  });
}

function constraintOf(verdict: FieldVerdict, info: InfoSchema): ProjectionConstraint {
  const { field } = verdict.projection;
  const translated = info.naming.translateField(field);
  const { type, reason } = verdict;
  return { field, constraint: { type, reason, foldedField: translated === field ? '' : translated } };
}
