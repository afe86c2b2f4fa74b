export type { Recommended } from './desired-depth.ts';
export { REJECT_RANKS, SELECT_RANKS, type RejectReason, type SelectReason } from './ranks.ts';
export {
  selectFields,
  type FieldConflict,
  type FieldOutcome,
  type FieldsModel,
  type SelectionInputs,
  type SelectionResult,
} from './select-fields.ts';
