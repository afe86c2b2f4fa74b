// The reduction strategies, as `reduce` annotations of a schema spell them.

import { errors } from '../errors.ts';
import { isJsonObject, type JsonValue, parsePointer, type Pointer } from '../json/index.ts';

/** Relative pointers into an item; `[[]]` compares whole items. */
export type ItemKey = readonly Pointer[];

export type Strategy =
  | { readonly strategy: 'firstWriteWins' | 'sum' | 'append' | 'jsonSchemaMerge' }
  | { readonly strategy: 'lastWriteWins'; readonly delete: boolean; readonly associative: boolean }
  | { readonly strategy: 'merge'; readonly key: ItemKey | undefined; readonly delete: boolean }
  | { readonly strategy: 'minimize' | 'maximize' | 'set'; readonly key: ItemKey | undefined };

/** What holds where nothing is annotated. */
export const DEFAULT_STRATEGY: Strategy = { strategy: 'lastWriteWins', delete: false, associative: true };

const OPTIONS: Readonly<Record<Strategy['strategy'], readonly string[]>> = {
  firstWriteWins: [],
  lastWriteWins: ['delete', 'associative'],
  merge: ['key', 'delete'],
  sum: [],
  minimize: ['key'],
  maximize: ['key'],
  append: [],
  set: ['key'],
  jsonSchemaMerge: [],
};

/** Reads one annotation. Throws SCHEMA_INVALID for an unknown strategy, an unknown option or an option of a wrong type. */
export function readStrategy(annotation: JsonValue, location: string): Strategy {
  const invalid = (problem: string): Error =>
    errors.SCHEMA_INVALID({ message: `the reduce annotation at '${location}' of the schema ${problem}` });
  if (!isJsonObject(annotation)) throw invalid('is not an object');
  const { strategy, ...options } = annotation;
  if (typeof strategy !== 'string' || !Object.hasOwn(OPTIONS, strategy)) {
    throw invalid(`needs a strategy out of ${Object.keys(OPTIONS).join(', ')}`);
  }
  const name = strategy as Strategy['strategy'];
  for (const option of Object.keys(options)) {
    if (!OPTIONS[name].includes(option))
      throw invalid(`has the option '${option}', which ${name} does not know`);
  }
  const flag = (option: string, byDefault: boolean): boolean => {
    const value = options[option];
    if (value === undefined) return byDefault;
    if (typeof value !== 'boolean') throw invalid(`has an option '${option}' that is not a boolean`);
    return value;
  };
  const key = (): ItemKey | undefined => {
    const value = options['key'];
    if (value === undefined) return undefined;
    if (!Array.isArray(value) || value.length === 0)
      throw invalid('has a key that is not a list of JSON pointers');
    return value.map((pointer) => {
      if (typeof pointer !== 'string' || !/^(\/|$)/u.test(pointer))
        throw invalid('has a key that is no JSON pointer');
      return parsePointer(pointer);
    });
  };
  switch (name) {
    case 'lastWriteWins':
      return { strategy: name, delete: flag('delete', false), associative: flag('associative', true) };
    case 'merge':
      return { strategy: name, key: key(), delete: flag('delete', false) };
    case 'minimize':
    case 'maximize':
    case 'set':
      return { strategy: name, key: key() };
    default:
      return { strategy: name };
  }
}
