// Whether a document asks for its key to be deleted, by the few locations that its schema's reductions look at.

import { type DocumentScanner, type JsonValue, type Reducer, setPointer, SlotKind } from '@weir/schema';
import type { Slots } from './extraction.ts';

/** Answers are kept for so many combinations of the values there. */
const keptAnswers = 1000;

export class DeletionScan {
  readonly #reducer: Reducer;
  /** undefined: the whole document decides. */
  readonly #slots: readonly number[] | undefined;
  readonly #pointers: Slots['pointers'];
  readonly #answers = new Map<string, boolean>();

  /** Adds the locations to `slots`. */
  constructor(reducer: Reducer, slots: Slots) {
    this.#reducer = reducer;
    this.#slots = reducer.deletionPointers?.map((pointer) => slots.place(pointer));
    this.#pointers = slots.pointers;
  }

  /** `Reducer.deletes` of a document that the scanner has accepted; undefined when it has to be parsed for that. */
  deletes(scanner: DocumentScanner): boolean | undefined {
    if (this.#slots === undefined) return undefined;
    let key = '';
    for (const slot of this.#slots) {
      if (scanner.slotKind(slot) !== SlotKind.text) return undefined;
      key += `${scanner.bytes.toString('latin1', scanner.slotStart(slot), scanner.slotEnd(slot))}"`;
    }
    let answer = this.#answers.get(key);
    if (answer === undefined) {
      answer = this.#reducer.deletes(this.#glimpse(scanner, this.#slots));
      if (this.#answers.size >= keptAnswers) this.#answers.clear();
      this.#answers.set(key, answer);
    }
    return answer;
  }

  /** A document of nothing but these locations. */
  #glimpse(scanner: DocumentScanner, slots: readonly number[]): JsonValue {
    let seen: JsonValue = {};
    for (const slot of slots)
      seen = setPointer(seen, this.#pointers[slot] ?? [], scanner.slotValue(slot) ?? null);
    return seen;
  }
}
