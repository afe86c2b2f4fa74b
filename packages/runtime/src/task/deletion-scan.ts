// Whether a document asks for its key to be deleted, by the few locations that its schema's reductions look at.

import { type DocumentScanner, type JsonValue, type Reducer, setPointer, SlotKind } from '@weir/schema';
import type { Slots } from './extraction.ts';

/** Answers are kept for so many combinations of the values there. */
const keptAnswers = 1000;
/** The first of them, which mostly are all, are found without making a string. */
const quickAnswers = 4;

interface QuickAnswer {
  /** By slot. */
  readonly texts: readonly Buffer[];
  readonly deletes: boolean;
}

export class DeletionScan {
  readonly #reducer: Reducer;
  /** undefined: the whole document decides. */
  readonly #slots: readonly number[] | undefined;
  readonly #pointers: Slots['pointers'];
  readonly #answers = new Map<string, boolean>();
  readonly #quickAnswers: QuickAnswer[] = [];

  /** Adds the locations to `slots`. */
  constructor(reducer: Reducer, slots: Slots) {
    this.#reducer = reducer;
    this.#slots = reducer.deletionPointers?.map((pointer) => slots.place(pointer));
    this.#pointers = slots.pointers;
  }

  /** `Reducer.deletes` of a document that the scanner has accepted; undefined when it has to be parsed for that. */
  deletes(scanner: DocumentScanner): boolean | undefined {
    const slots = this.#slots;
    if (slots === undefined) return undefined;
    for (const slot of slots) if (scanner.slotKind(slot) !== SlotKind.text) return undefined;
    for (const { texts, deletes } of this.#quickAnswers) if (holds(scanner, slots, texts)) return deletes;
    return this.#answer(scanner, slots);
  }

  #answer(scanner: DocumentScanner, slots: readonly number[]): boolean {
    const { bytes } = scanner;
    const texts = slots.map((slot) => bytes.subarray(scanner.slotStart(slot), scanner.slotEnd(slot)));
    const key = texts.map((text) => `${text.toString('latin1')}"`).join('');
    const known = this.#answers.get(key);
    if (known !== undefined) return known;
    const deletes = this.#reducer.deletes(this.#glimpse(scanner, slots));
    if (this.#answers.size >= keptAnswers) this.#answers.clear();
    this.#answers.set(key, deletes);
    if (this.#quickAnswers.length < quickAnswers) {
      this.#quickAnswers.push({ texts: texts.map((text) => Buffer.from(text)), deletes });
    }
    return deletes;
  }

  /** A document of nothing but these locations. */
  #glimpse(scanner: DocumentScanner, slots: readonly number[]): JsonValue {
    let seen: JsonValue = {};
    for (const slot of slots)
      seen = setPointer(seen, this.#pointers[slot] ?? [], scanner.slotValue(slot) ?? null);
    return seen;
  }
}

function holds(scanner: DocumentScanner, slots: readonly number[], texts: readonly Buffer[]): boolean {
  const { bytes } = scanner;
  for (let index = 0; index < slots.length; index += 1) {
    const slot = slots[index] as number;
    const text = texts[index] as Buffer;
    const start = scanner.slotStart(slot);
    if (scanner.slotEnd(slot) - start !== text.length) return false;
    for (let at = 0; at < text.length; at += 1) if (bytes[start + at] !== text[at]) return false;
  }
  return true;
}
