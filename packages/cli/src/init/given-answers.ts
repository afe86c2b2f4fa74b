// Answers that are given beforehand: --set POINTER=VALUE, and --set-env POINTER=VARIABLE for what must not stand in a
// command line, which every user of the machine can read.

import { errors } from '../errors.ts';

export class GivenAnswers {
  readonly #values: ReadonlyMap<string, string>;
  readonly #used = new Set<string>();
  readonly #choices = new Map<string, { readonly pointer: string; readonly tag: string }>();

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
    const value = this.#values.get(pointer);
    if (value !== undefined) this.#used.add(pointer);
    return value;
  }

  /** The pointers of the answers for something inside of this place. */
  below(pointer: string): readonly string[] {
    return [...this.#values.keys()].filter((given) => given.startsWith(`${pointer}/`));
  }

  hasBelow(pointer: string): boolean {
    return this.below(pointer).length > 0;
  }

  /**
   * How many items of the list at this place have answers of their own; 0 where it is answered as a whole. Errors:
   * INIT_ANSWER_INVALID, where one is left out.
   */
  itemsBelow(pointer: string): number {
    const indexes = new Set(
      this.below(pointer).map((given) => Number(given.slice(pointer.length + 1).split('/')[0])),
    );
    for (let index = 0; index < indexes.size; index += 1) {
      if (indexes.has(index)) continue;
      throw errors.INIT_ANSWER_INVALID({
        message: `The items of ${pointer} are counted from 0, and number ${index} has no answer.`,
      });
    }
    if (indexes.size > 0 && this.#values.has(pointer)) {
      throw errors.INIT_ANSWER_INVALID({
        message: `${pointer} is answered as a whole, and item by item: one of the two will do.`,
      });
    }
    return indexes.size;
  }

  /** A form has chosen a variant of the group at `group`: `tag`, the answer at `pointer`. */
  chose(group: string, pointer: string, tag: string): void {
    this.#choices.set(group, { pointer, tag });
  }

  /** What is wrong with the answers below this place that no form has asked for. */
  untaken(place: string): readonly string[] {
    return this.below(place)
      .filter((given) => !this.#used.has(given))
      .map((given) => {
        const [, choice] = [...this.#choices].findLast(([group]) => given.startsWith(`${group}/`)) ?? [];
        const made =
          choice === undefined ? 'what was chosen' : `${choice.pointer}=${choice.tag}, which was chosen`;
        return `${given} is an answer of something else than ${made}.`;
      });
  }

  /** Errors: INIT_ANSWER_INVALID, for answers that belong to a variant of a form which was not chosen. */
  assertAllTaken(): void {
    const untaken = ['/from', '/to'].flatMap((place) => this.untaken(place));
    if (untaken.length > 0) throw errors.INIT_ANSWER_INVALID({ message: untaken.join('\n') });
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
