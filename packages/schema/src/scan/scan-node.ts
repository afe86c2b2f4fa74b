// What the scanner has to know of one location: its rule, brought into the form in which bytes are checked, and the slot
// that its value is noted in.

import { checkedFormats } from '../validate/formats.ts';
import { hasFormat } from '../shape/string-format.ts';
import type { Pointer } from '../json/pointer.ts';
import { anyValue, type FormatRule, propertyRule, type Rule, type Scalar } from './rule.ts';
import { type BytesFormat, bytesFormats } from './text-bytes.ts';

/** Bytes to be compared with those of documents, four at a time. */
export class Word {
  readonly bytes: Buffer;
  readonly length: number;
  /** Fours from the beginning on; the last one is that of the last four bytes. */
  readonly fours: Int32Array;

  constructor(text: string) {
    this.bytes = Buffer.from(text);
    this.length = this.bytes.length;
    const last = this.length - 4;
    this.fours = Int32Array.from({ length: last < 0 ? 0 : Math.ceil(this.length / 4) }, (_, index) =>
      this.bytes.readInt32LE(Math.min(4 * index, last)),
    );
  }
}

/** A property that a rule or a slot names. */
export class ScanProperty {
  /** Quoted, as a document spells it. */
  readonly name: Word;
  readonly node: ScanNode;
  readonly isRequired: boolean;
  /** The property that followed last time. */
  next: ScanProperty | undefined;
  /** The number of the object that it was seen in last, to find duplicates. */
  seenIn = 0;

  constructor(name: string, node: ScanNode, isRequired: boolean) {
    this.name = new Word(JSON.stringify(name));
    this.node = node;
    this.isRequired = isRequired;
  }
}

export class ScanNode {
  readonly types: number;
  readonly members: readonly Scalar[] | undefined;
  /** The members that are strings, as a document spells them. */
  readonly memberTexts: readonly Word[];
  /** undefined: no format, or none that is checked on bytes. */
  readonly bytesFormat: BytesFormat | undefined;
  readonly formats: readonly ((text: string) => boolean)[];
  readonly minLength: number;
  readonly maxLength: number;
  readonly minimum: number;
  readonly maximum: number;
  readonly minItems: number;
  readonly maxItems: number;
  /** Anything is allowed at and below this location, and nothing is noted. */
  readonly isOpen: boolean;
  readonly properties: readonly ScanProperty[];
  /** The property that came first last time. */
  first: ScanProperty | undefined;
  readonly requiredCount: number;
  readonly additional: ScanNode;
  readonly items: ScanNode;
  /** -1: none. */
  readonly slot: number;

  /** `slots`: the pointers below this location, by their remaining tokens. */
  constructor(rule: Rule, slots: readonly Slot[]) {
    this.types = rule.types;
    this.members = rule.members;
    this.memberTexts = (rule.members ?? [])
      .filter((member) => typeof member === 'string')
      .map((member) => new Word(JSON.stringify(member)));
    this.formats = rule.formats.map(formatCheck).filter((check) => check !== undefined);
    const [only] = rule.formats;
    this.bytesFormat =
      rule.formats.length === 1 && only !== undefined ? bytesFormats.get(only.name) : undefined;
    this.minLength = rule.minLength;
    this.maxLength = rule.maxLength;
    this.minimum = rule.minimum;
    this.maximum = rule.maximum;
    this.minItems = rule.minItems;
    this.maxItems = rule.maxItems;
    this.isOpen = rule === anyValue && slots.length === 0;
    this.slot = slots.find(({ pointer }) => pointer.length === 0)?.index ?? -1;
    const below = slots.filter(({ pointer }) => pointer.length > 0);
    const names = [
      ...new Set([
        ...rule.properties.keys(),
        ...rule.required,
        ...below.map(({ pointer }) => pointer[0] ?? ''),
      ]),
    ];
    this.properties = names.map((name) => {
      const inner = below
        .filter(({ pointer }) => pointer[0] === name)
        .map(({ pointer, index }) => ({ pointer: pointer.slice(1), index }));
      const node = scanNode(propertyRule(rule, name), inner);
      return new ScanProperty(name, node, rule.required.has(name));
    });
    for (const [index, property] of this.properties.entries()) property.next = this.properties[index + 1];
    [this.first] = this.properties;
    this.requiredCount = rule.required.size;
    this.additional = this.isOpen ? this : scanNode(rule.additional ?? anyValue, []);
    this.items = this.isOpen ? this : scanNode(rule.items ?? anyValue, []);
  }
}

export interface Slot {
  readonly pointer: Pointer;
  readonly index: number;
}

const openNode = new ScanNode(anyValue, []);

export function scanNode(rule: Rule, slots: readonly Slot[]): ScanNode {
  return rule === anyValue && slots.length === 0 ? openNode : new ScanNode(rule, slots);
}

/** undefined for a format that nobody checks. */
function formatCheck({ name, strict }: FormatRule): ((text: string) => boolean) | undefined {
  if (strict) return (text) => hasFormat(text, name);
  const check: unknown = (checkedFormats as Readonly<Record<string, unknown>>)[name];
  if (check === undefined) return undefined;
  if (check instanceof RegExp) return (text) => check.test(text);
  if (typeof check === 'function') return (text) => Boolean(check(text));
  const { validate } = check as { validate?: unknown };
  if (validate instanceof RegExp) return (text) => validate.test(text);
  return typeof validate === 'function' ? (text) => Boolean(validate(text)) : () => false;
}
