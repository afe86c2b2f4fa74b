import type { JsonText } from '@weir/protocol';
import { parseJson, stringifyJson, type JsonValue } from '@weir/schema/json';
import { errors } from './errors.ts';
import type { StatePatch } from './transactor.ts';

/** The merge patches of a request, oldest first, numbers exact; null among them resets the state. */
export function splitStatePatches(text: JsonText | undefined): readonly JsonValue[] {
  if (text === undefined || text.trim() === '') return [];
  let patches: JsonValue;
  try {
    patches = parseJson(text);
  } catch (cause) {
    throw errors.MATERIALIZE_STATE_PATCHES_INVALID({
      message: 'The state patches are not valid JSON.',
      cause,
    });
  }
  if (!Array.isArray(patches)) {
    throw errors.MATERIALIZE_STATE_PATCHES_INVALID({ message: 'The state patches are not a JSON array.' });
  }
  return patches;
}

/** The state of a response: a merge patch, or nothing at all. */
export function stateOf(patch: StatePatch | undefined): { state?: { updated: JsonText; mergePatch: true } } {
  if (patch === undefined) return {};
  return { state: { updated: typeof patch === 'string' ? patch : stringifyJson(patch), mergePatch: true } };
}
