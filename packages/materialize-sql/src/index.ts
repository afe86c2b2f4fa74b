export {
  CHECKPOINTS_TABLE,
  encodeFenceCheckpoint,
  fenceOf,
  fenceStatements,
  overlaps,
  planFence,
} from './checkpoints-table.ts';
export type { Fence, FencePlan, FenceRow, FenceStatements } from './checkpoints-table.ts';
export { acceptsExisting, fieldOptions } from './dialect.ts';
export type { ColumnType, Dialect, FieldOptions } from './dialect.ts';
export { catalogue, errors } from './errors.ts';
export { exceedsInt64, flatType, mustExist } from './flat-type.ts';
export type { FlatType } from './flat-type.ts';
export { columnComment, columnsOf, tableOf } from './table.ts';
export type { Column, ColumnRole, Table } from './table.ts';
