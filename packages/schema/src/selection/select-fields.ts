// Field selection: which projections of a collection a materialization binding stores, out of what the user asks for,
// what the connector allows and what is materialized now. Pure: the same inputs give the same selection.

import type { Constraint, FieldSelection, JsonText, Projection, ProjectionConstraint } from '@weir/protocol';

import { compareStrings } from '../json/index.ts';
import { depthOf, isBelow, isDesired, type Recommended } from './desired-depth.ts';
import {
  REJECT_SENTENCES,
  type RejectReason,
  SELECT_SENTENCES,
  type SelectReason,
  selectRank,
  strongerReject,
  strongerSelect,
} from './ranks.ts';

export interface FieldsModel {
  /** Defaults to true, without limit of depth. */
  readonly recommended?: Recommended;
  /** Fields that must be materialized, with their configuration. */
  readonly require?: Readonly<Record<string, JsonText>>;
  readonly exclude?: readonly string[];
}

export interface SelectionInputs {
  readonly projections: readonly Projection[];
  readonly constraints: readonly ProjectionConstraint[];
  /** Fields to group by; the canonical fields of the collection's key when empty. */
  readonly groupBy: readonly string[];
  /** JSON pointers. */
  readonly collectionKey: readonly string[];
  /** What is materialized now; absent for a new binding and when the backfill counter has changed. */
  readonly live?: FieldSelection;
  readonly model: FieldsModel;
  /** The endpoint does not tell names apart that differ only in case. */
  readonly caseInsensitiveFields?: boolean;
}

export interface FieldOutcome {
  readonly field: string;
  readonly selected: boolean;
  readonly select: SelectReason | undefined;
  readonly reject: RejectReason | undefined;
}

export interface FieldConflict {
  readonly field: string;
  readonly select: SelectReason;
  readonly reject: RejectReason;
  /** A sentence, with the connector's own reason when it gave one. */
  readonly message: string;
}

/**
 * ok: the selection holds. incompatible: it would hold after a backfill of the binding; the policy for incompatible
 * schema changes decides. conflict: it cannot be satisfied.
 */
export interface SelectionResult {
  readonly outcome: 'ok' | 'incompatible' | 'conflict';
  readonly selection: FieldSelection;
  readonly conflicts: readonly FieldConflict[];
  /** Of every field that was considered, sorted by field. */
  readonly fields: readonly FieldOutcome[];
}

interface Candidate {
  readonly field: string;
  readonly projection: Projection | undefined;
  readonly constraints: readonly Constraint[];
  select: SelectReason | undefined;
  reject: RejectReason | undefined;
}

/** These are wishes: a reason against the field ends them without a conflict. */
const YIELDING: ReadonlySet<SelectReason> = new Set([
  'DesiredDepth',
  'CoreMetadata',
  'UserDefined',
  'CurrentValue',
  'PartitionKey',
]);
/** These are satisfied by any field of the location. */
const BY_LOCATION: ReadonlySet<SelectReason> = new Set([
  'CoreMetadata',
  'DesiredDepth',
  'ConnectorRequiresLocation',
]);
const CORE_METADATA: readonly string[] = ['flow_published_at', '_meta/op'];

export function selectFields(inputs: SelectionInputs): SelectionResult {
  const keys = inputs.groupBy.length > 0 ? inputs.groupBy : inputs.collectionKey.map(canonicalField);
  const candidates = candidatesOf(inputs, keys);
  const keyOrder = new Map(keys.map((field, index) => [field, index]));
  const visiting = [...candidates.values()].sort(
    (left, right) =>
      selectRank(right.select) - selectRank(left.select) ||
      (keyOrder.get(left.field) ?? 0) - (keyOrder.get(right.field) ?? 0) ||
      compareStrings(left.field, right.field),
  );
  const excluded = (inputs.model.exclude ?? []).map((field) => `/${field}`);
  const taken = { pointers: new Set<string>(), folds: new Set<string>() };
  const outcomes: FieldOutcome[] = [];
  const conflicts: FieldConflict[] = [];
  const selected: Candidate[] = [];
  for (const candidate of visiting) {
    const fold = foldOf(candidate, inputs.caseInsensitiveFields ?? false);
    weigh(candidate, fold, taken, excluded);
    const { field, projection, select, reject } = candidate;
    const conflicting = select !== undefined && reject !== undefined && isConflict(select, reject);
    if (conflicting) conflicts.push(conflictOf(candidate, select, reject));
    const chosen = reject === undefined || (conflicting && reject === 'ConnectorIncompatible');
    outcomes.push({ field, selected: chosen, select, reject });
    if (!chosen) continue;
    selected.push(candidate);
    taken.folds.add(fold);
    if (projection !== undefined) taken.pointers.add(projection.ptr);
  }
  const blocking = conflicts.some(({ reject }) => reject !== 'ConnectorIncompatible');
  return {
    outcome: blocking ? 'conflict' : conflicts.length > 0 ? 'incompatible' : 'ok',
    selection: selectionOf(selected, keys, inputs.model),
    conflicts,
    fields: outcomes.sort((left, right) => compareStrings(left.field, right.field)),
  };
}

/** The field that a location has without an explicit projection: its pointer without the leading slash. */
function canonicalField(pointer: string): string {
  return pointer.replace(/^\//u, '');
}

/** Every field that somebody mentions, with the strongest reasons that do not depend on other fields. */
function candidatesOf(inputs: SelectionInputs, keys: readonly string[]): ReadonlyMap<string, Candidate> {
  const { projections, model, live } = inputs;
  const byField = new Map(projections.map((projection) => [projection.field, projection]));
  const constraints = new Map<string, Constraint[]>();
  for (const { field, constraint } of inputs.constraints) {
    constraints.set(field, [...(constraints.get(field) ?? []), constraint]);
  }
  const candidates = new Map<string, Candidate>();
  const at = (field: string): Candidate => {
    let candidate = candidates.get(field);
    if (candidate === undefined) {
      const projection = byField.get(field);
      candidate = {
        field,
        projection,
        constraints: constraints.get(field) ?? [],
        select: undefined,
        reject: undefined,
      };
      candidates.set(field, candidate);
    }
    return candidate;
  };
  const select = (field: string, reason: SelectReason): void => {
    const candidate = at(field);
    candidate.select = strongerSelect(candidate.select, reason);
  };
  const reject = (field: string, reason: RejectReason): void => {
    const candidate = at(field);
    candidate.reject = strongerReject(candidate.reject, reason);
  };
  const recommended = model.recommended ?? true;
  for (const projection of projections) {
    const { field } = at(projection.field);
    if (projection.isPartitionKey) select(field, 'PartitionKey');
    if (projection.explicit) select(field, 'UserDefined');
    if (depthOf(recommended) > 0 && CORE_METADATA.includes(field)) select(field, 'CoreMetadata');
    if (isDesired(projection, projections, recommended)) select(field, 'DesiredDepth');
  }
  for (const field of keys) select(field, 'GroupByKey');
  if (live !== undefined && live.document !== '') select(live.document, 'CurrentDocument');
  for (const field of live?.values ?? []) select(field, 'CurrentValue');
  for (const field of Object.keys(model.require ?? {})) select(field, 'UserRequires');
  for (const field of model.exclude ?? []) reject(field, 'UserExcludes');
  for (const { field, constraint } of inputs.constraints) {
    if (constraint.type === 'FIELD_REQUIRED') select(field, 'ConnectorRequires');
    else if (constraint.type === 'LOCATION_REQUIRED') select(field, 'ConnectorRequiresLocation');
    else if (constraint.type === 'FIELD_FORBIDDEN') reject(field, 'ConnectorForbids');
    else if (constraint.type === 'INCOMPATIBLE' && live !== undefined) reject(field, 'ConnectorIncompatible');
  }
  return candidates;
}

/** Adds the reasons that depend on the fields selected before this one. */
function weigh(
  candidate: Candidate,
  fold: string,
  taken: { readonly pointers: ReadonlySet<string>; readonly folds: ReadonlySet<string> },
  excluded: readonly string[],
): void {
  const reject = (reason: RejectReason): void => {
    candidate.reject = strongerReject(candidate.reject, reason);
  };
  const { projection } = candidate;
  if (projection === undefined) reject('CollectionOmits');
  if (candidate.constraints.length === 0) reject('ConnectorOmits');
  if (taken.folds.has(fold)) reject('DuplicateFold');
  if (projection !== undefined) {
    const { ptr } = projection;
    const weak = candidate.select === undefined || candidate.select === 'DesiredDepth';
    if (taken.pointers.has(ptr) && (candidate.select === undefined || BY_LOCATION.has(candidate.select))) {
      candidate.select = undefined;
      reject('DuplicateLocation');
    }
    if (weak && [...taken.pointers].some((parent) => isBelow(ptr, parent))) reject('CoveredLocation');
    if (weak && excluded.some((parent) => isBelow(ptr, parent))) reject('ExcludedParent');
  }
  if (candidate.select === undefined) reject('NotSelected');
}

/** The name that the endpoint knows the field by. */
function foldOf({ field, constraints }: Candidate, caseInsensitive: boolean): string {
  const name = constraints.find(({ foldedField }) => foldedField !== '')?.foldedField ?? field;
  return caseInsensitive ? name.toLowerCase() : name;
}

function isConflict(select: SelectReason, reject: RejectReason): boolean {
  return reject === 'ConnectorIncompatible' || !YIELDING.has(select);
}

function conflictOf(
  { field, constraints }: Candidate,
  select: SelectReason,
  reject: RejectReason,
): FieldConflict {
  const type = reject === 'ConnectorForbids' ? 'FIELD_FORBIDDEN' : 'INCOMPATIBLE';
  const byConnector = reject === 'ConnectorForbids' || reject === 'ConnectorIncompatible';
  const reason = constraints.find((constraint) => constraint.type === type)?.reason ?? '';
  const detail = byConnector && reason !== '' ? ` (${reason})` : '';
  return {
    field,
    select,
    reject,
    message: `the field '${field}' ${SELECT_SENTENCES[select]}, but ${REJECT_SENTENCES[reject]}${detail}`,
  };
}

function selectionOf(
  selected: readonly Candidate[],
  keys: readonly string[],
  model: FieldsModel,
): FieldSelection {
  const document =
    selected.find(({ field, projection }) => projection?.ptr === '' && !keys.includes(field))?.field ?? '';
  const chosen = new Set(selected.map(({ field }) => field));
  const values = [...chosen]
    .filter((field) => field !== document && !keys.includes(field))
    .sort(compareStrings);
  const configured = Object.entries(model.require ?? {}).filter(([field]) => chosen.has(field));
  return {
    keys: keys.filter((field) => chosen.has(field)),
    values,
    document,
    fieldConfig: Object.fromEntries(configured),
  };
}
