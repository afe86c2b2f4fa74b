// Where a location stands in a shape, and which locations a shape knows.

import type { Exists } from '@weir/protocol';
import { compareStrings } from '../json/compare.ts';
import { arrayIndex, escapeToken, type Pointer } from '../json/pointer.ts';
import { itemShape, propertyShape } from './combine.ts';
import { anything, nothing, type Shape } from './shape.ts';
import { ARRAY, OBJECT } from './types.ts';

export interface Location {
  readonly shape: Shape;
  /**
   * MUST: in every document. MAY: the schema names it, or allows it by a pattern or by additionalProperties.
   * IMPLICIT: nothing speaks against it. CANNOT: in no document.
   */
  readonly exists: Exclude<Exists, 'INVALID'>;
}

/** The shape at a pointer. A token that is a number is an index where arrays can be, otherwise a property. */
export function locate(shape: Shape, pointer: Pointer): Location {
  let at: Location = { shape, exists: 'MUST' };
  for (const token of pointer) at = descend(at, token);
  return at;
}

export interface KnownLocation extends Location {
  readonly pointer: string;
}

/** Every location that the shape names, the root included, parents before children, siblings in order. */
export function knownLocations(root: Shape): KnownLocation[] {
  const found: KnownLocation[] = [];
  const visit = (at: KnownLocation): void => {
    found.push(at);
    at.shape.tuple.forEach((_, index) =>
      visit({ ...descend(at, String(index)), pointer: `${at.pointer}/${index}` }),
    );
    for (const name of [...at.shape.properties.keys()].sort(compareStrings)) {
      visit({ ...property(at, name), pointer: `${at.pointer}/${escapeToken(name)}` });
    }
  };
  visit({ shape: root, exists: 'MUST', pointer: '' });
  return found;
}

function descend(parent: Location, token: string): Location {
  const index = arrayIndex(token);
  if ((parent.shape.types & ARRAY) !== 0 && index !== undefined) return item(parent, index);
  return property(parent, token);
}

function item(parent: Location, index: number): Location {
  const { shape } = parent;
  if (index >= shape.maxItems) return { shape: nothing(), exists: 'CANNOT' };
  const found = itemShape(shape, index);
  const isListed = index < shape.tuple.length || shape.items !== undefined;
  const isCertain = shape.types === ARRAY && index < shape.minItems;
  return below(parent, found, isCertain ? 'MUST' : isListed ? 'MAY' : 'IMPLICIT');
}

function property(parent: Location, name: string): Location {
  const { shape } = parent;
  if ((shape.types & OBJECT) === 0) return { shape: nothing(), exists: 'CANNOT' };
  const listed = shape.properties.get(name);
  if (listed !== undefined) {
    return below(parent, listed.shape, listed.required && shape.types === OBJECT ? 'MUST' : 'MAY');
  }
  const isNamed = shape.additional !== undefined || shape.patterns.some(({ regExp }) => regExp.test(name));
  return isNamed ? below(parent, propertyShape(shape, name), 'MAY') : below(parent, anything(), 'IMPLICIT');
}

/** A location is no more certain than its parent. */
function below(parent: Location, shape: Shape, exists: Location['exists']): Location {
  const certainty = ['MUST', 'MAY', 'IMPLICIT', 'CANNOT'] as const;
  if (shape.types === 0) return { shape, exists: 'CANNOT' };
  const rank = Math.max(certainty.indexOf(parent.exists), certainty.indexOf(exists));
  return { shape, exists: certainty[rank] ?? 'CANNOT' };
}
