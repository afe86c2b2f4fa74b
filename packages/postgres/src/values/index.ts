export { bareOperators, type Comparison, KeyOperators, type TypeOperators } from './key-operators.ts';
export { columnSchema, type ColumnType } from './column-schema.ts';
export {
  compileKeyPacker,
  isByteOrdered,
  isByteOrderedUnderC,
  keyParameters,
  type KeyPacker,
  orderType,
  repackKey,
} from './key-packer.ts';
export { isTextType, type PgType, type PgTypeKind, underDomains } from './pg-type.ts';
export { TypeCatalog } from './type-catalog.ts';
export { standardStyle, type ValueStyle, valueStyle } from './value-style.ts';
export { TEXT_SLACK_BYTES, type TextCopy } from './text-copy.ts';
export {
  compileValueWriter,
  sessionSettings,
  textCopyOf,
  type ValueOptions,
  type ValueWriter,
} from './value-writer.ts';
