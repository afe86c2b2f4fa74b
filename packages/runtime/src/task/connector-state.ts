// The connector's state as the runtime holds it: one JSON value that grows by RFC 7396 patches, or is replaced. Numbers
// keep their text.

import type { ConnectorState, JsonText } from '@weir/protocol';
import { applyMergePatch, type JsonValue, parseJson, stringifyJson } from '@weir/schema';

export class TaskState {
  #value: JsonValue;
  #text: JsonText | undefined;

  constructor(text: JsonText) {
    this.#value = parseJson(text);
    this.#text = text;
  }

  /** An absent state changes nothing. */
  apply(state: ConnectorState | undefined): void {
    if (state === undefined) return;
    const updated = parseJson(state.updated);
    this.#value = state.mergePatch ? applyMergePatch(this.#value, updated) : updated;
    this.#text = undefined;
  }

  get text(): JsonText {
    this.#text ??= stringifyJson(this.#value);
    return this.#text;
  }
}
