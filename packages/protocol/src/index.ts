export type * from './capture.ts';
export type * from './flow-spec.ts';
export type * from './json-text.ts';
export type * from './materialize.ts';
export { FULL_RANGE, PROTOCOL_VERSION } from './flow-spec.ts';
export { EXPLICIT_ZERO_CHECKPOINT } from './materialize.ts';
export { defineErrors, WeirError } from './weir-error.ts';
export type { ErrorCatalogue, ErrorDefinition, ErrorDetail, RetryPolicy } from './weir-error.ts';
