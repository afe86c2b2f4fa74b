// The constraints of a binding whose table is there already.

import type { MaterializationBindingSpec, Projection } from '@weir/protocol';
import { isRootDocument, type Verdict } from './base-constraint.ts';
import { sortedProjections, type BindingToConstrain, type FieldVerdict } from './constrained-binding.ts';
import type { EndpointRules, MappedType } from './endpoint-rules.ts';
import { errors } from './errors.ts';
import type { ExistingField, InfoSchema } from './info-schema.ts';

export function existingConstraints(
  binding: BindingToConstrain,
  last: MaterializationBindingSpec | undefined,
  info: InfoSchema,
  rules: EndpointRules,
): readonly FieldVerdict[] {
  const projections = sortedProjections(binding.collection);
  const table = new ExistingTable(binding, last, info, rules, projections);
  const verdicts = projections.flatMap((projection) =>
    table.verdicts(projection).map((verdict) => ({ projection, ...verdict })),
  );
  return binding.deltaUpdates ? verdicts : withDocument(verdicts, projections, binding, last);
}

class ExistingTable {
  readonly #binding: BindingToConstrain;
  readonly #last: MaterializationBindingSpec | undefined;
  readonly #info: InfoSchema;
  readonly #rules: EndpointRules;
  /** The field that holds the document in this table; '' when none does. */
  readonly #document: string;

  constructor(
    binding: BindingToConstrain,
    last: MaterializationBindingSpec | undefined,
    info: InfoSchema,
    rules: EndpointRules,
    projections: readonly Projection[],
  ) {
    this.#binding = binding;
    this.#last = last;
    this.#info = info;
    this.#rules = rules;
    this.#document = last?.fieldSelection.document ?? projections.find(isRootDocument)?.field ?? '';
  }

  verdicts(projection: Projection): readonly Verdict[] {
    const { deltaUpdates, fieldConfig } = this.#binding;
    const base = this.#rules.baseConstraint(projection, {
      deltaUpdates,
      fieldConfig: fieldConfig[projection.field],
    });
    if (base.type === 'FIELD_FORBIDDEN') return [base];
    if (!deltaUpdates && isRootDocument(projection)) return this.#root(projection, base);
    const column = this.#info.field(this.#binding.resourcePath, projection.field);
    if (!deltaUpdates && projection.isPrimaryKey && this.#isNewKey(projection)) {
      if (!this.#wasSelected(projection.field)) {
        return [
          { type: 'FIELD_FORBIDDEN', reason: 'A location cannot be added to the key without a backfill' },
        ];
      }
      if (column === undefined)
        return [{ type: 'FIELD_OPTIONAL', reason: 'The location was materialized before' }];
    }
    return [column === undefined ? base : this.#column(projection, column)];
  }

  #column(projection: Projection, column: ExistingField): Verdict {
    const isKey = this.#isKey(projection);
    const mapped = this.#mapType(projection);
    if (mapped.compatible(column) || (!isKey && mapped.canMigrate(column))) {
      const reason = 'The field is part of the current materialization';
      return { type: isKey ? 'FIELD_REQUIRED' : 'FIELD_OPTIONAL', reason };
    }
    const verdict = incompatible(projection, column, mapped);
    // Of a table that somebody else has made: no backfill will ever change its columns.
    return this.#last === undefined ? { ...verdict, type: 'FIELD_FORBIDDEN' } : verdict;
  }

  #root(projection: Projection, base: Verdict): readonly Verdict[] {
    if (this.#document === '') {
      return needingBackfill(base, {
        type: 'INCOMPATIBLE',
        reason: 'A field for the whole document cannot be added without a backfill',
      });
    }
    if (projection.field !== this.#document) {
      const reason = `The field "${this.#document}" already holds the document`;
      return [{ type: 'FIELD_FORBIDDEN', reason }];
    }
    const column = this.#info.field(this.#binding.resourcePath, projection.field);
    const mapped = this.#mapType(projection);
    if (column === undefined || mapped.compatible(column) || mapped.canMigrate(column)) {
      return [{ type: 'FIELD_REQUIRED', reason: 'The field is the document in the current materialization' }];
    }
    return needingBackfill(base, incompatible(projection, column, mapped));
  }

  #mapType(projection: Projection): MappedType {
    const isKey = this.#isKey(projection);
    return this.#rules.mapType(projection, {
      isKey,
      fieldConfig: this.#binding.fieldConfig[projection.field],
      resourcePath: this.#binding.resourcePath,
    });
  }

  #isKey(projection: Projection): boolean {
    const { groupBy } = this.#binding;
    return groupBy.length === 0 ? projection.isPrimaryKey : groupBy.includes(projection.field);
  }

  #isNewKey(projection: Projection): boolean {
    return this.#last !== undefined && !this.#last.fieldSelection.keys.includes(projection.field);
  }

  #wasSelected(field: string): boolean {
    const { values = [], document = '' } = this.#last?.fieldSelection ?? {};
    return values.includes(field) || document === field;
  }
}

/** A required field that a backfill would make possible has both constraints, so that it is not dropped. */
function needingBackfill(base: Verdict, verdict: Verdict): readonly Verdict[] {
  return base.type === 'LOCATION_REQUIRED' || base.type === 'FIELD_REQUIRED' ? [base, verdict] : [verdict];
}

function incompatible(projection: Projection, column: ExistingField, mapped: MappedType): Verdict {
  const length = column.characterMaxLength > 0 ? `(${column.characterMaxLength})` : '';
  const { types, string } = projection.inference;
  const schema = JSON.stringify({
    type: types,
    ...(string?.format ? { format: string.format } : {}),
    ...(string?.contentEncoding ? { contentEncoding: string.contentEncoding } : {}),
  });
  return {
    type: 'INCOMPATIBLE',
    reason:
      `The field "${projection.field}" is already materialized as '${column.type.toUpperCase()}${length}', ` +
      `and its schema ${schema} needs '${mapped.text.toUpperCase()}'`,
  };
}

/** A standard table needs the document: when its field is gone from the collection, another one has to replace it. */
function withDocument(
  verdicts: readonly FieldVerdict[],
  projections: readonly Projection[],
  binding: BindingToConstrain,
  last: MaterializationBindingSpec | undefined,
): readonly FieldVerdict[] {
  const roots = projections.filter(isRootDocument);
  const [first] = roots;
  if (first === undefined) {
    throw errors.MATERIALIZE_NO_ROOT_DOCUMENT({
      message: `The collection ${binding.collection.name} has no field for its whole document.`,
    });
  }
  const document = last?.fieldSelection.document ?? '';
  if (document === '' || roots.some(({ field }) => field === document)) return verdicts;
  const reason = `The document is materialized as the field "${document}", which the collection no longer has`;
  const pair: FieldVerdict[] = [
    { projection: first, type: 'LOCATION_REQUIRED', reason },
    { projection: first, type: 'INCOMPATIBLE', reason },
  ];
  return verdicts.flatMap((verdict) => (verdict.projection === first ? pair.splice(0) : [verdict]));
}
