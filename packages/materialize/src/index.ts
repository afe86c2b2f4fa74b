export { CRASH_POINTS } from './crash-points.ts';
export type { MaterializeCrashPoint } from './crash-points.ts';
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
