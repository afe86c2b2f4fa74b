export { compileSchema, type CompiledSchema, type CompileOptions } from './compile-schema.ts';
export { toCurrentDialect } from './dialect.ts';
export { excerptAt, formatFailures, type ValidationFailure } from './failure.ts';
export { checkedFormats, integerFormat, numberFormat } from './formats.ts';
export { eachSubschema, isSchema, mapSubschemas, type SchemaValue } from './subschemas.ts';
