export { compareJson, compareNumbers, compareStrings, equalJson, sortedProperties } from './compare.ts';
export { excerptText } from './excerpt.ts';
export { hasRiskyNumber, MAX_DEPTH, parseJson } from './parse.ts';
export {
  arrayIndex,
  escapeToken,
  formatPointer,
  parsePointer,
  resolvePointer,
  setPointer,
  unescapeToken,
  type Pointer,
} from './pointer.ts';
export { canonicalJson, stringifyJson } from './stringify.ts';
export {
  exactNumber,
  ExactNumber,
  getProperty,
  isJsonNumber,
  isJsonObject,
  setProperty,
  type JsonObject,
  type JsonValue,
} from './value.ts';
