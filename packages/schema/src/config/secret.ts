// A secret of a configuration. Whatever prints it (a template, JSON, the console, an error) prints `***`; only
// `reveal()` hands it out, so a search for `reveal` finds every place where secrets are used.

import { inspect } from 'node:util';

const HIDDEN = '***';

export class Secret {
  readonly #value: string;

  constructor(value: string) {
    this.#value = value;
  }

  /** The secret itself: for the call that needs it, never for a message or a log line. */
  reveal(): string {
    return this.#value;
  }

  toString(): string {
    return HIDDEN;
  }

  toJSON(): string {
    return HIDDEN;
  }

  [Symbol.toPrimitive](): string {
    return HIDDEN;
  }

  [inspect.custom](): string {
    return HIDDEN;
  }
}
