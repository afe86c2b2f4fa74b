export { CRASH_POINTS } from './crash-points.ts';
export type { MaterializeCrashPoint } from './crash-points.ts';
export { checkDbtJob, DbtCloudJob } from './dbt-cloud-job.ts';
export type { DbtJobTrigger } from './dbt-cloud-job.ts';
export { catalogue, errors } from './errors.ts';
export type {
  ApplyResult,
  ApplyTarget,
  Materialization,
  MaterializationBinding,
  MaterializeSession,
  RequestContext,
  ResourcePath,
  ValidateBinding,
  ValidateTarget,
} from './materialization.ts';
export { runMaterialize, serveMaterialize } from './run-materialize.ts';
export { splitStatePatches } from './state-patches.ts';
export type {
  Authoritative,
  BackgroundCommit,
  BestEffort,
  LoadBatch,
  Loads,
  PostCommit,
  StatePatch,
  StoreBatch,
  Stores,
  Transactor,
} from './transactor.ts';
export { baseConstraint, isRootDocument } from './base-constraint.ts';
export type { BaseConstraintOptions, Verdict } from './base-constraint.ts';
export { assertDistinctResources, constraints, lastBindingOf } from './constraints.ts';
export type { BindingToConstrain } from './constrained-binding.ts';
export type { EndpointRules, FieldUse, MappedType } from './endpoint-rules.ts';
export { NO_FIELD_CONFIG, parseFieldConfig } from './field-config.ts';
export type { FieldConfig } from './field-config.ts';
export { flatType, formattedNumeric, mustExist, typesBesideNull } from './field-type.ts';
export type { FlatType } from './field-type.ts';
export { IDENTICAL_NAMING, InfoSchema } from './info-schema.ts';
export type { EndpointNaming, ExistingField, ExistingResource } from './info-schema.ts';
export { isUnchanged, plan, selectedFields } from './plan.ts';
export type { FieldMigration, Plan, PlanStep, TableChanges } from './plan.ts';
