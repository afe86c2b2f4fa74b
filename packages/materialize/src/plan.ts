// What an Apply has to do, as a list of steps that a dialect turns into statements. Pure, and derived anew at every
// Apply from what the destination holds: after a crash in the middle, the next plan is what was left to do.
// Source of the rules: the apply actions of Flow's SQL materializations. Tables are never dropped because a binding
// went away, and columns never because a field is no longer selected.

import {
  WeirError,
  type JsonText,
  type MaterializationBindingSpec,
  type MaterializationSpec,
  type Projection,
} from '@weir/protocol';
import { assertNotLost, constraints, lastBindingOf } from './constraints.ts';
import type { EndpointRules, MappedType } from './endpoint-rules.ts';
import { errors } from './errors.ts';
import { mustExist } from './field-type.ts';
import { misfit, unfit } from './foreign-table.ts';
import type { ExistingField, ExistingResource, InfoSchema } from './info-schema.ts';

/** Changes of a table that keep its rows. */
export interface TableChanges {
  /** Columns to add, always nullable. */
  readonly addFields: readonly Projection[];
  readonly dropNotNull: readonly ExistingField[];
  /** Columns whose type is to be changed in place. */
  readonly migrate: readonly FieldMigration[];
  /** Changed from standard to delta updates. */
  readonly newlyDelta: boolean;
}

export interface FieldMigration {
  readonly projection: Projection;
  readonly existing: ExistingField;
}

interface BindingStep {
  readonly index: number;
  readonly binding: MaterializationBindingSpec;
}

export type PlanStep = BindingStep &
  (
    | { readonly kind: 'create' }
    | { readonly kind: 'update'; readonly existing: ExistingResource; readonly changes: TableChanges }
    /** Empty the table, then the changes. */
    | { readonly kind: 'truncate'; readonly existing: ExistingResource; readonly changes: TableChanges }
    /** Drop the table and make it anew. */
    | { readonly kind: 'replace'; readonly existing: ExistingResource }
  );

export interface Plan {
  /** Namespaces to create first, as the resource paths name them. */
  readonly namespaces: readonly string[];
  /** Truncations first. */
  readonly steps: readonly PlanStep[];
  /**
   * State keys of tables that change and keep their rows. Work that is staged for them was staged for their shape as it
   * was, and has to be applied before the steps.
   */
  readonly drainStateKeys: readonly string[];
  /** What cannot be done although it would have to be; validation should have stopped it. */
  readonly warnings: readonly string[];
}

export function plan(
  spec: MaterializationSpec,
  last: MaterializationSpec | undefined,
  info: InfoSchema,
  rules: EndpointRules,
): Plan {
  const warnings: string[] = [];
  const steps = spec.bindings.flatMap((binding, index) => {
    const step = stepOf({ binding, index }, last, info, rules, warnings);
    return step === undefined ? [] : [step];
  });
  return {
    namespaces: missingNamespaces(spec, info),
    steps: steps.toSorted((left, right) => phaseOf(left) - phaseOf(right)),
    drainStateKeys: drainStateKeys(steps, last),
    warnings,
  };
}

/** True when a table needs nothing. */
export function isUnchanged(changes: TableChanges): boolean {
  return changes.addFields.length === 0 && changes.dropNotNull.length === 0 && changes.migrate.length === 0;
}

/** Every selected field of a binding: keys, values, and the document where there is one. */
export function selectedFields({ fieldSelection }: MaterializationBindingSpec): readonly string[] {
  const { keys, values, document } = fieldSelection;
  return document === '' ? [...keys, ...values] : [...keys, ...values, document];
}

function stepOf(
  { binding, index }: BindingStep,
  last: MaterializationSpec | undefined,
  info: InfoSchema,
  rules: EndpointRules,
  warnings: string[],
): PlanStep | undefined {
  const existing = info.resource(binding.resourcePath);
  const lastBinding = lastBindingOf(last, binding.resourcePath);
  if (existing === undefined) {
    // Made anew it would be empty, while the task goes on behind what it has read.
    assertNotLost(binding, lastBinding);
    return { kind: 'create', binding, index };
  }
  const table = new PlannedTable(binding, lastBinding, info, rules);
  const isBackfill = lastBinding !== undefined && lastBinding.backfill !== binding.backfill;
  const mustReplace =
    isBackfill &&
    (rules.alwaysReplaceTables ||
      !rules.canTruncate ||
      (rules.mustReplace?.(existing, binding.resourcePath) ?? false) ||
      !table.keepsShape(last, lastBinding));
  if (mustReplace) {
    if (rules.retainExistingData) {
      throw errors.MATERIALIZE_BACKFILL_WOULD_DROP({
        message: `The backfill of ${binding.resourcePath.join('.')} has to replace the table, whose rows are to be kept.`,
      });
    }
    return { kind: 'replace', binding, index, existing };
  }
  const changes = table.changes(warnings);
  if (isBackfill && !rules.retainExistingData) return { kind: 'truncate', binding, index, existing, changes };
  if (isUnchanged(changes) && !changes.newlyDelta && !isBackfill) return undefined;
  return { kind: 'update', binding, index, existing, changes };
}

class PlannedTable {
  readonly #binding: MaterializationBindingSpec;
  readonly #last: MaterializationBindingSpec | undefined;
  readonly #info: InfoSchema;
  readonly #rules: EndpointRules;
  readonly #projections: ReadonlyMap<string, Projection>;

  constructor(
    binding: MaterializationBindingSpec,
    last: MaterializationBindingSpec | undefined,
    info: InfoSchema,
    rules: EndpointRules,
  ) {
    this.#binding = binding;
    this.#last = last;
    this.#info = info;
    this.#rules = rules;
    this.#projections = new Map(binding.collection.projections.map((each) => [each.field, each]));
  }

  changes(warnings: string[]): TableChanges {
    const addFields: Projection[] = [];
    const dropNotNull: ExistingField[] = [];
    const migrate: FieldMigration[] = [];
    const misfits: string[] = [];
    for (const projection of this.#selected()) {
      const existing = this.#column(projection.field);
      if (existing === undefined) {
        addFields.push(projection);
        continue;
      }
      const mapped = this.#mapType(projection);
      const hasDefault = existing.hasDefault || projection.inference.default !== undefined;
      const isNeverNull = (mustExist(projection) || hasDefault) && mapped.takesNull !== true;
      // The columns of a primary key cannot be null, whatever the schema says.
      const staysNotNull = this.#isKey(projection.field) || isNeverNull;
      if (!existing.nullable && !staysNotNull) dropNotNull.push(existing);
      if (mapped.compatible(existing)) continue;
      if (!this.#isKey(projection.field) && mapped.canMigrate(existing))
        migrate.push({ projection, existing });
      else misfits.push(misfit(projection.field, existing.type, mapped.text));
    }
    const { resourcePath } = this.#binding;
    if (misfits.length > 0 && this.#last === undefined) throw unfit(resourcePath, misfits);
    warnings.push(...misfits.map((text) => `${resourcePath.join('.')}: ${text}.`));
    const unselected = this.#info.unselectedFields(this.#binding.resourcePath, selectedFields(this.#binding));
    dropNotNull.push(...unselected.filter((field) => !field.nullable));
    const newlyDelta = this.#last !== undefined && !this.#last.deltaUpdates && this.#binding.deltaUpdates;
    return { addFields, dropNotNull, migrate, newlyDelta };
  }

  /** The new spec fits the table as it is, or after changes in place; only the rows have to go. */
  keepsShape(last: MaterializationSpec | undefined, lastBinding: MaterializationBindingSpec): boolean {
    const { collection, fieldSelection, deltaUpdates, resourcePath } = this.#binding;
    if (!sameTexts(collection.key, lastBinding.collection.key)) return false;
    if (!sameTexts(fieldSelection.keys, lastBinding.fieldSelection.keys)) return false;
    try {
      const { fieldConfig } = fieldSelection;
      const backfill = lastBinding.backfill;
      const groupBy = fieldSelection.keys;
      constraints(
        { resourcePath, collection, fieldConfig, deltaUpdates, backfill, groupBy },
        last,
        this.#info,
        this.#rules,
      );
    } catch (failure) {
      if (!(failure instanceof WeirError)) throw failure;
      return false;
    }
    return this.#selected().every((projection) => {
      const existing = this.#column(projection.field);
      if (existing === undefined) return !this.#isKey(projection.field);
      const mapped = this.#mapType(projection);
      return mapped.compatible(existing) || (!this.#isKey(projection.field) && mapped.canMigrate(existing));
    });
  }

  #selected(): readonly Projection[] {
    return selectedFields(this.#binding).map((field) => {
      const projection = this.#projections.get(field);
      if (projection === undefined) throw new TypeError(`field "${field}" is selected and has no projection`);
      return projection;
    });
  }

  #column(field: string): ExistingField | undefined {
    return this.#info.field(this.#binding.resourcePath, field);
  }

  #isKey(field: string): boolean {
    return this.#binding.fieldSelection.keys.includes(field);
  }

  #mapType(projection: Projection): MappedType {
    const fieldConfig: JsonText | undefined = this.#binding.fieldSelection.fieldConfig[projection.field];
    const { resourcePath } = this.#binding;
    return this.#rules.mapType(projection, {
      isKey: this.#isKey(projection.field),
      fieldConfig,
      resourcePath,
    });
  }
}

function phaseOf(step: PlanStep): number {
  return step.kind === 'truncate' ? 0 : 1;
}

function missingNamespaces(spec: MaterializationSpec, info: InfoSchema): readonly string[] {
  const named = spec.bindings.flatMap(({ resourcePath }) => resourcePath.slice(-2, -1));
  return [...new Set(named)].filter((name) => !info.hasNamespace(name)).sort();
}

function drainStateKeys(
  steps: readonly PlanStep[],
  last: MaterializationSpec | undefined,
): readonly string[] {
  const keys = steps
    .filter((step) => step.kind === 'update')
    .map(({ binding }) => lastBindingOf(last, binding.resourcePath)?.stateKey ?? '');
  return [...new Set(keys)].filter((key) => key !== '').sort();
}

function sameTexts(left: readonly string[], right: readonly string[]): boolean {
  return left.length === right.length && left.every((text, index) => text === right[index]);
}
