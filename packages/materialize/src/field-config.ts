import type { JsonText } from '@weir/protocol';
import { errors } from './errors.ts';

/** What a user may say about one field of a binding. */
export interface FieldConfig {
  /** Materialize the value as plain text, whatever its type or format. */
  readonly castToString: boolean;
  /** The column's type, in the endpoint's words; the field is then compatible with any column. */
  readonly ddl: string | undefined;
}

export const NO_FIELD_CONFIG: FieldConfig = { castToString: false, ddl: undefined };

/** Decodes the configuration of a field, strictly. `ignoreStringFormat` is an older name of `castToString`. */
export function parseFieldConfig(field: string, text: JsonText | undefined): FieldConfig {
  if (text === undefined || text === '') return NO_FIELD_CONFIG;
  const value: unknown = JSON.parse(text);
  if (value === null) return NO_FIELD_CONFIG;
  if (typeof value !== 'object' || Array.isArray(value)) throw invalid(field, 'it is not an object');
  let castToString = false;
  let ddl: string | undefined;
  for (const [name, setting] of Object.entries(value)) {
    if (name === 'castToString' || name === 'ignoreStringFormat') {
      if (typeof setting !== 'boolean') throw invalid(field, `"${name}" is not a boolean`);
      castToString ||= setting;
    } else if (name === 'DDL') {
      if (typeof setting !== 'string') throw invalid(field, '"DDL" is not a string');
      if (setting !== '') ddl = setting;
    } else {
      throw invalid(field, `"${name}" is not a known property`);
    }
  }
  return { castToString, ddl };
}

function invalid(field: string, problem: string): Error {
  return errors.MATERIALIZE_FIELD_CONFIG_INVALID({
    message: `The configuration of field "${field}" is not valid: ${problem}.`,
  });
}
