// A rule says which values may be at one location of a document, in terms that can be checked on the document's bytes
// while they are read. It is made from schemas and shapes that it can express exactly or more narrowly, so that whatever
// satisfies the rule satisfies them. The converse does not hold: what fails is looked at again, in full.

import { ALL_TYPES } from '../shape/types.ts';

export type Scalar = null | boolean | number | string;

/** `strict`: as inference detects the format, which is never wider than how validation checks it. */
export interface FormatRule {
  readonly name: string;
  readonly strict: boolean;
}

export interface Rule {
  /** Bits of shape/types.ts. 0: nothing may be here. */
  readonly types: number;
  /** undefined: any. */
  readonly members: readonly Scalar[] | undefined;
  readonly formats: readonly FormatRule[];
  /** In code points. */
  readonly minLength: number;
  readonly maxLength: number;
  /** Inclusive. */
  readonly minimum: number;
  readonly maximum: number;
  readonly minItems: number;
  readonly maxItems: number;
  readonly properties: ReadonlyMap<string, Rule>;
  readonly required: ReadonlySet<string>;
  /** Properties that are not listed. */
  readonly additional: Rule | undefined;
  readonly items: Rule | undefined;
}

export const anyValue: Rule = {
  types: ALL_TYPES,
  members: undefined,
  formats: [],
  minLength: 0,
  maxLength: Infinity,
  minimum: -Infinity,
  maximum: Infinity,
  minItems: 0,
  maxItems: Infinity,
  properties: new Map(),
  required: new Set(),
  additional: undefined,
  items: undefined,
};

export const noValue: Rule = { ...anyValue, types: 0 };

export function allowsAnything(rule: Rule): boolean {
  return (
    rule === anyValue ||
    (rule.types === ALL_TYPES &&
      rule.members === undefined &&
      rule.formats.length === 0 &&
      rule.minLength === 0 &&
      rule.maxLength === Infinity &&
      rule.minimum === -Infinity &&
      rule.maximum === Infinity &&
      rule.minItems === 0 &&
      rule.maxItems === Infinity &&
      rule.required.size === 0 &&
      [...rule.properties.values()].every(allowsAnything) &&
      (rule.additional === undefined || allowsAnything(rule.additional)) &&
      (rule.items === undefined || allowsAnything(rule.items)))
  );
}

/** The rule of a property. */
export function propertyRule(rule: Rule, name: string): Rule {
  return rule.properties.get(name) ?? rule.additional ?? anyValue;
}

/** What satisfies both. */
export function bothRules(left: Rule, right: Rule): Rule {
  if (left === anyValue || left === right) return right;
  if (right === anyValue) return left;
  const names = new Set([...left.properties.keys(), ...right.properties.keys()]);
  const properties = new Map<string, Rule>();
  for (const name of names) {
    properties.set(name, bothRules(propertyRule(left, name), propertyRule(right, name)));
  }
  return {
    types: left.types & right.types,
    members: bothMembers(left.members, right.members),
    formats: bothFormats(left.formats, right.formats),
    minLength: Math.max(left.minLength, right.minLength),
    maxLength: Math.min(left.maxLength, right.maxLength),
    minimum: Math.max(left.minimum, right.minimum),
    maximum: Math.min(left.maximum, right.maximum),
    minItems: Math.max(left.minItems, right.minItems),
    maxItems: Math.min(left.maxItems, right.maxItems),
    properties,
    required: new Set([...left.required, ...right.required]),
    additional: bothOptional(left.additional, right.additional),
    items: bothOptional(left.items, right.items),
  };
}

function bothOptional(left: Rule | undefined, right: Rule | undefined): Rule | undefined {
  if (left === undefined || right === undefined) return left ?? right;
  return bothRules(left, right);
}

function bothMembers(left: Rule['members'], right: Rule['members']): Rule['members'] {
  if (left === undefined || right === undefined) return left ?? right;
  return left.filter((member) => right.includes(member));
}

/** A strict format stands for the wider spellings of it; strict integers are numbers of either kind. */
function bothFormats(left: readonly FormatRule[], right: readonly FormatRule[]): readonly FormatRule[] {
  const all = new Map([...left, ...right].map((format) => [`${format.name} ${format.strict}`, format]));
  if (all.has('integer true')) {
    all.delete('number true');
    all.delete('number false');
  }
  for (const { name, strict } of all.values()) if (strict) all.delete(`${name} false`);
  return [...all.values()];
}
