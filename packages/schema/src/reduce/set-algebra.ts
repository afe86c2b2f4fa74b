// The `set` strategy: a location holds an object of the terms `add`, `intersect` and `remove`, each a set. Two
// documents compose into one of the same form; a full reduction keeps only what is in the set.
//
// With LA, LI, LR the left terms and RA, RI, RR the right ones:
//   I,A then I,A:  add = (LA ∩ RI) ∪ RA   intersect = LI ∩ RI
//   I,A then R,A:  add = (LA − RR) ∪ RA   intersect = LI − RR
//   R,A then I,A:  add = (LA ∩ RI) ∪ RA   intersect = RI − LR
//   R,A then R,A:  add = (LA − RR) ∪ RA   remove = LR ∪ RR

import type { Active, Location } from '../annotation/location.ts';
import {
  compareJson,
  compareStrings,
  isJsonObject,
  type JsonObject,
  type JsonValue,
  setProperty,
} from '../json/index.ts';
import { compareByKey, zipSorted } from './item-order.ts';
import type { ItemKey, Strategy } from './strategy.ts';

export interface SetContext {
  readonly full: boolean;
  /** Combines a member that both sides of a union have; undefined drops it. */
  readonly reduceMember: (
    path: readonly (string | number)[],
    location: Location<Strategy>,
    left: JsonValue,
    right: JsonValue,
  ) => JsonValue | undefined;
  readonly fail: (problem: string) => Error;
}

/** A member of a set: its name in an object, or its place in a sorted array. */
interface Member {
  readonly token: string | number;
  readonly value: JsonValue;
}

type Term = 'add' | 'intersect' | 'remove';
type Terms = { readonly [T in Term]?: readonly Member[] };

/** The combination of two set documents. Throws what `fail` makes when one of them is none. */
export function reduceSet(
  active: Active<Strategy>,
  key: ItemKey | undefined,
  left: JsonValue | undefined,
  right: JsonValue,
  context: SetContext,
): JsonValue {
  if (left === undefined && !context.full) {
    readTerms(right, undefined, context);
    return right;
  }
  const newer = readTerms(right, undefined, context);
  const older: { terms: Terms; form: Form | undefined } =
    left === undefined ? { terms: {}, form: undefined } : readTerms(left, newer.form, context);
  const form = newer.form ?? older.form ?? 'object';
  const compare = (a: Member, b: Member): number => {
    if (form === 'object') return compareStrings(String(a.token), String(b.token));
    return key === undefined ? compareJson(a.value, b.value) : compareByKey(key, a.value, b.value);
  };
  const unite = (term: Term, a: readonly Member[] = [], b: readonly Member[] = []): readonly Member[] => {
    const at = active.property(term);
    const location = (member: Member, value: JsonValue): Location<Strategy> => {
      const inTerm = at.resolve(value);
      return typeof member.token === 'string' ? inTerm.property(member.token) : inTerm.item(member.token);
    };
    const whole = isJsonObject(right) ? (right[term] ?? null) : null;
    return [...zipSorted(a, b, compare)].flatMap(({ left: l, right: r }) => {
      if (l === undefined || r === undefined) return l ?? r ?? [];
      const value = context.reduceMember([term, r.token], location(r, whole), l.value, r.value);
      return value === undefined ? [] : { token: r.token, value };
    });
  };
  const keep = (a: readonly Member[] = [], b: readonly Member[] = [], wanted: boolean): readonly Member[] =>
    [...zipSorted(a, b, compare)].flatMap((pair) =>
      pair.left !== undefined && (pair.right !== undefined) === wanted ? pair.left : [],
    );
  const l = older.terms;
  const r = newer.terms;
  const survivors = r.intersect === undefined ? keep(l.add, r.remove, false) : keep(l.add, r.intersect, true);
  const combined: { [T in Term]?: readonly Member[] } = {};
  if (l.add !== undefined || r.add !== undefined) combined.add = unite('add', survivors, r.add);
  if (!context.full) {
    if (r.intersect !== undefined) {
      combined.intersect =
        l.intersect === undefined ? keep(r.intersect, l.remove, false) : keep(l.intersect, r.intersect, true);
    } else if (l.intersect !== undefined) {
      combined.intersect = keep(l.intersect, r.remove, false);
    } else if (l.remove !== undefined || r.remove !== undefined) {
      combined.remove = unite('remove', l.remove, r.remove);
    }
  }
  return writeTerms(combined, form);
}

type Form = 'object' | 'array';

function readTerms(
  value: JsonValue,
  expected: Form | undefined,
  context: SetContext,
): { terms: Terms; form: Form | undefined } {
  const wrong = 'set expects an object of add, intersect and remove, all objects or all sorted arrays';
  if (!isJsonObject(value)) throw context.fail(wrong);
  let form = expected;
  const terms: { [T in Term]?: readonly Member[] } = {};
  for (const name of Object.keys(value)) {
    if (name !== 'add' && name !== 'intersect' && name !== 'remove') throw context.fail(wrong);
    const term = value[name] as JsonValue;
    const found: Form | undefined = Array.isArray(term) ? 'array' : isJsonObject(term) ? 'object' : undefined;
    if (found === undefined || (form ?? found) !== found) throw context.fail(wrong);
    form = found;
    terms[name] = membersOf(term as JsonValue[] | JsonObject);
  }
  if (terms.intersect !== undefined && terms.remove !== undefined) {
    throw context.fail('set takes either intersect or remove, not both');
  }
  return { terms, form };
}

function membersOf(term: readonly JsonValue[] | JsonObject): readonly Member[] {
  if (Array.isArray(term)) return term.map((value: JsonValue, token) => ({ token, value }));
  const object = term as JsonObject;
  return Object.keys(object)
    .sort(compareStrings)
    .map((token) => ({ token, value: object[token] as JsonValue }));
}

function writeTerms(terms: Terms, form: Form): JsonObject {
  const result: JsonObject = {};
  for (const [term, members] of Object.entries(terms)) {
    if (form === 'array') {
      result[term] = members.map(({ value }) => value);
      continue;
    }
    const object: JsonObject = {};
    for (const { token, value } of members) setProperty(object, String(token), value);
    result[term] = object;
  }
  return result;
}
