export { decodeConfig, type ConfigProblem, type DecodeOptions } from './decode.ts';
export { parseFeatureFlags } from './feature-flags.ts';
export {
  choice,
  dictionary,
  flag,
  integer,
  item,
  list,
  nullable,
  number,
  optional,
  secret,
  text,
  type ConfigOf,
  type Field,
  type FieldInfo,
  type Presence,
  type TextInfo,
} from './field.ts';
export { lintConfigSchema, type Lint } from './lint.ts';
export { LINT_RULES, type LintRuleName } from './lint-rules.ts';
export { branch, oneOfWith } from './one-of.ts';
export { childPointer, isSecret, type SchemaNode, typesOf } from './schema-node.ts';
export { Secret } from './secret.ts';
export {
  configSchema,
  configSchemaText,
  optionalSection,
  section,
  type Decoded,
  type Fields,
} from './section.ts';
