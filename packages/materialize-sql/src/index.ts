export { applyActions, describeActions } from './apply-actions.ts';
export type {
  ApplyAction,
  ApplyOptions,
  ColumnMigration,
  TableAlteration,
  TableTemplates,
} from './apply-actions.ts';
export { base64Bytes, isBase64 } from './base64.ts';
export {
  CHECKPOINT_CONTENT_TYPE,
  CHECKPOINTS_TABLE,
  checkpointsTable,
  checkpointsTableComment,
  decodeFenceCheckpoint,
  encodeFenceCheckpoint,
  fenceStatements,
} from './checkpoints-table.ts';
export type { FenceRow, FenceStatements } from './checkpoints-table.ts';
export { columnComment, tableComment } from './comments.ts';
export { columnDefinition, commentOnColumn, createTable } from './create-table.ts';
export type { TableWords } from './create-table.ts';
export {
  changedText,
  integerTextField,
  jsonField,
  numberField,
  plainNumber,
  textField,
} from './delimited/field-writer.ts';
export type { FieldWriter } from './delimited/field-writer.ts';
export { BufferPool } from './delimited/buffer-pool.ts';
export { RowBuffer } from './delimited/row-buffer.ts';
export type { ZeroBytes } from './delimited/row-buffer.ts';
export { encodeKey, encodeRow, unsupported } from './delimited/row-encoder.ts';
export { acceptsExisting, migrationOf } from './dialect.ts';
export type { ColumnType, Dialect, FieldPlace, Migration } from './dialect.ts';
export { defaultTableOptions, endpointNaming, endpointRules } from './endpoint-rules.ts';
export type { TableOptions } from './endpoint-rules.ts';
export { catalogue, errors } from './errors.ts';
export { fenceOf, hasUnraisedRow, planFence } from './fence.ts';
export type { Fence, FencePlan } from './fence.ts';
export { cutToBytes } from './identifier.ts';
export { infoSchemaOf, schemasOf } from './information-schema.ts';
export type { CatalogueRows, ColumnRow, TableRow } from './information-schema.ts';
export { exceedsInt64 } from './int64-bounds.ts';
export { isAbsentWhenNull, rootProperties } from './root-properties.ts';
export { tableOf } from './table.ts';
export type { Column, ColumnRole, Table, TableSource } from './table.ts';
