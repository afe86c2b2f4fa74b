export {
  CHECKPOINTS_TABLE,
  encodeFenceCheckpoint,
  fenceOf,
  fenceStatements,
  overlaps,
  planFence,
} from './checkpoints-table.ts';
export type { Fence, FencePlan, FenceRow, FenceStatements } from './checkpoints-table.ts';
export { acceptsExisting } from './dialect.ts';
export type { ColumnType, Dialect } from './dialect.ts';
export { defaultTableOptions, endpointNaming, endpointRules } from './endpoint-rules.ts';
export type { TableOptions } from './endpoint-rules.ts';
export { catalogue, errors } from './errors.ts';
export { exceedsInt64 } from './int64-bounds.ts';
export { columnsOf, tableOf } from './table.ts';
export type { Column, ColumnRole, SelectedFields, Table, TableSource } from './table.ts';
