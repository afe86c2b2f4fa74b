// Where something stands in a catalog, and the list of what is wrong with it: a load reports every problem at once.

import { errors } from '../errors.ts';

export interface Place {
  /** As a person would name it: a path relative to the working directory, or a URL. */
  readonly file: string;
  /** From 1. */
  readonly line: number;
  /** From 1. */
  readonly column: number;
}

export function formatPlace(place: Place): string {
  return `${place.file}:${place.line}:${place.column}`;
}

const shownProblems = 20;

export class Problems {
  readonly #problems: { readonly place: Place; readonly message: string }[] = [];
  readonly #warnings = new Map<string, { readonly text: string; count: number }>();

  add(place: Place, message: string): void {
    this.#problems.push({ place, message });
  }

  /** What is accepted but does nothing. Of one topic only the first is told, with how many more there are. */
  warn(place: Place, topic: string, message: string): void {
    const known = this.#warnings.get(topic);
    if (known !== undefined) known.count += 1;
    else this.#warnings.set(topic, { text: `${formatPlace(place)}: ${message}`, count: 1 });
  }

  get warnings(): string[] {
    return [...this.#warnings.values()].map(({ text, count }) =>
      count === 1 ? text : `${text} (So in ${count} places.)`,
    );
  }

  get count(): number {
    return this.#problems.length;
  }

  /** Throws CATALOG_INVALID with one line `file:line:column: what is wrong` per problem. */
  throwIfAny(): void {
    if (this.#problems.length === 0) return;
    const lines = this.#problems
      .slice(0, shownProblems)
      .map(({ place, message }) => `${formatPlace(place)}: ${message}`);
    const left = this.#problems.length - lines.length;
    if (left > 0) lines.push(`… and ${left} more`);
    throw errors.CATALOG_INVALID({ message: lines.join('\n') });
  }
}
