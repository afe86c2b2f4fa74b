// Answers that are given beforehand: --set POINTER=VALUE, and --set-env POINTER=VARIABLE for what must not stand in a
// command line, which every user of the machine can read.

import { didYouMean } from '@weir/runtime';
import { errors } from '../errors.ts';

export class GivenAnswers {
  readonly #values: ReadonlyMap<string, string>;
  readonly #used = new Set<string>();
  readonly #known = new Set<string>();

  private constructor(values: ReadonlyMap<string, string>) {
    this.#values = values;
  }

  /** Errors: INIT_ANSWER_INVALID. */
  static of(
    set: readonly string[],
    setFromEnvironment: readonly string[],
    env: Readonly<Record<string, string | undefined>>,
  ): GivenAnswers {
    const values = new Map<string, string>();
    for (const text of set) values.set(...pairOf('--set', text));
    for (const text of setFromEnvironment) {
      const [pointer, variable] = pairOf('--set-env', text);
      const value = env[variable];
      if (value === undefined) {
        throw errors.INIT_ANSWER_INVALID({
          message: `--set-env ${pointer} names ${variable}, which the environment does not have.`,
        });
      }
      values.set(pointer, value);
    }
    return new GivenAnswers(values);
  }

  /** The answer for this place, which is asked for only once in a form. */
  take(pointer: string): string | undefined {
    this.#known.add(pointer);
    const value = this.#values.get(pointer);
    if (value !== undefined) this.#used.add(pointer);
    return value;
  }

  /** Whether there is an answer for something inside of this place. */
  hasBelow(pointer: string): boolean {
    return [...this.#values.keys()].some((given) => given.startsWith(`${pointer}/`));
  }

  /** Errors: INIT_ANSWER_INVALID, for the first that no form has asked for. */
  assertAllTaken(): void {
    for (const pointer of this.#values.keys()) {
      if (this.#used.has(pointer)) continue;
      throw errors.INIT_ANSWER_INVALID({
        message: `The forms have no ${pointer}.${didYouMean(pointer, [...this.#known])}`,
      });
    }
  }
}

function pairOf(option: string, text: string): [string, string] {
  const at = text.indexOf('=');
  if (at > 0 && /^\/(from|to)\//.test(text)) return [text.slice(0, at), text.slice(at + 1)];
  // The value may be a secret in the wrong place.
  throw errors.INIT_ANSWER_INVALID({
    message: `${option} takes a pointer that begins with /from/ or /to/, then = and the value; one does not.`,
  });
}
