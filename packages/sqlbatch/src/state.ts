// What is durable of a binding: when it was polled, how many documents it has given, and where its cursor stands. The
// names are those of the stored states in use. A database may add facts of its own, which are numbers and texts.

import { isJsonNumber, isJsonObject, stringifyJson, type JsonObject, type JsonValue } from '@weir/schema';
import { errors } from './errors.ts';

/** A value of a cursor column, as it is stored and sent back as a parameter. */
export type CursorValue = null | boolean | number | bigint | string;

/** The mode of bindings whose query returns what is new, or everything. */
export const CUSTOM_QUERY = 'Custom Query';

/** RFC 3339, of a binding that was never polled. */
export const NEVER = '0001-01-01T00:00:00Z';

export interface BindingState {
  /** How the binding is polled, `Custom Query` for instance; '' before the first poll. */
  readonly mode: string;
  /** RFC 3339, when the last complete poll began. */
  readonly lastPolled: string;
  /** Documents so far, of this pass over the table when each poll reads everything. */
  readonly documentCount: number;
  readonly cursorNames: readonly string[];
  /** Undefined until a row was captured. */
  readonly cursorValues: readonly CursorValue[] | undefined;
  readonly facts: Readonly<Record<string, number | string>>;
}

export const initialState: BindingState = {
  mode: '',
  lastPolled: NEVER,
  documentCount: 0,
  cursorNames: [],
  cursorValues: undefined,
  facts: {},
};

const ownNames = new Set(['Mode', 'LastPolled', 'DocumentCount', 'CursorNames', 'CursorValues']);

/** Reads a stored state; undefined and null are a binding that never ran. Throws SQLBATCH_STATE_INVALID. */
export function readState(json: JsonValue | undefined, name: string): BindingState {
  if (json === undefined || json === null) return initialState;
  const bad = (what: string) =>
    errors.SQLBATCH_STATE_INVALID({
      message: `the stored state of the binding ${JSON.stringify(name)} cannot be read: ${what}`,
    });
  if (!isJsonObject(json)) throw bad('it is not an object');
  const { Mode, LastPolled, DocumentCount, CursorNames, CursorValues } = json;
  const lastPolled = LastPolled ?? NEVER;
  if (typeof lastPolled !== 'string' || Number.isNaN(Date.parse(lastPolled))) {
    throw bad('`LastPolled` is not a time');
  }
  const documentCount = DocumentCount ?? 0;
  if (typeof documentCount !== 'number') throw bad('`DocumentCount` is not a number');
  const cursorNames = CursorNames ?? [];
  if (!Array.isArray(cursorNames) || !cursorNames.every((column) => typeof column === 'string')) {
    throw bad('`CursorNames` is not a list of names');
  }
  const values = CursorValues ?? [];
  if (!Array.isArray(values)) throw bad('`CursorValues` is not a list');
  const facts = Object.entries(json).filter(
    (entry): entry is [string, number | string] =>
      !ownNames.has(entry[0]) && (typeof entry[1] === 'number' || typeof entry[1] === 'string'),
  );
  return {
    mode: typeof Mode === 'string' ? Mode : '',
    lastPolled,
    documentCount,
    cursorNames: cursorNames.filter((column) => typeof column === 'string'),
    cursorValues: values.length === 0 ? undefined : values.map(cursorValue),
    facts: Object.fromEntries(facts),
  };
}

/** Numerals that are no number of JavaScript keep their text. */
function cursorValue(value: JsonValue): CursorValue {
  if (value === null || typeof value !== 'object') return value;
  return isJsonNumber(value) ? value.text : stringifyJson(value);
}

/** The merge patch that makes the stored state `next`. */
export function statePatch(next: BindingState, previous: BindingState): JsonObject {
  const gone = Object.keys(previous.facts).filter((name) => !Object.hasOwn(next.facts, name));
  return {
    Mode: next.mode,
    LastPolled: next.lastPolled,
    DocumentCount: next.documentCount,
    CursorNames: next.cursorNames.length === 0 ? null : [...next.cursorNames],
    CursorValues: next.cursorValues === undefined ? null : [...next.cursorValues],
    ...Object.fromEntries(gone.map((name) => [name, null])),
    ...next.facts,
  };
}

/** The state under a mode and cursor columns; another one than before starts over, with `reset` true. */
export function underMode(
  state: BindingState,
  mode: string,
  cursorNames: readonly string[],
): { readonly state: BindingState; readonly reset: boolean } {
  if (state.mode === '' && state.lastPolled === NEVER) {
    return { state: { ...initialState, mode, cursorNames }, reset: false };
  }
  const sameNames =
    state.cursorNames.length === cursorNames.length &&
    state.cursorNames.every((name, index) => name === cursorNames[index]);
  // Modes of a database may do without names.
  const namesMatter = mode === CUSTOM_QUERY || state.cursorNames.length > 0;
  if ((state.mode === '' || state.mode === mode) && (sameNames || !namesMatter)) {
    return { state: { ...state, mode, cursorNames }, reset: false };
  }
  return { state: { ...initialState, mode, cursorNames }, reset: true };
}
