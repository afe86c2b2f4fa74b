// A capture's state is one JSON object: cursors the bindings share, at the top level, and what each binding has
// reached, under `bindingStateV1` by its state key. A backfill gives a binding a new state key, and with it no state.
// The runtime holds the state; a connector changes it through RFC 7396 merge patches only.

import type { JsonText } from '@weir/protocol';
import { getProperty, isJsonObject, parseJson, type JsonObject, type JsonValue } from '@weir/schema/json';

/** An RFC 7396 merge patch: an object, or its JSON text. `{}` changes nothing, null deletes a property. */
export type StatePatch = JsonObject | JsonText;

const BINDING_STATES = 'bindingStateV1';

/** The state a session is opened with, numbers exact. No state, and null, are the empty state. */
export function parseState(text: JsonText): JsonObject {
  const value = text === '' ? null : parseJson(text);
  return isJsonObject(value) ? value : {};
}

/** What a binding has reached; undefined for one that has not started, or starts anew. */
export function bindingState(state: object, stateKey: string): JsonValue | undefined {
  const states = getProperty(state as JsonObject, BINDING_STATES);
  return isJsonObject(states) ? getProperty(states, stateKey) : undefined;
}

/** The patch that sets, merges or (with null) deletes the state of one binding. */
export function bindingPatch(stateKey: string, patch: JsonValue): JsonObject {
  return { [BINDING_STATES]: { [stateKey]: patch } };
}

/** The patch of several bindings' states at once. */
export function bindingPatches(patches: Iterable<readonly [stateKey: string, patch: JsonValue]>): JsonObject {
  return { [BINDING_STATES]: Object.fromEntries(patches) };
}
