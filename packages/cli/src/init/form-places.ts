// Where a form takes answers: in every variant of every choice, and in every item of a list.

import { childPointer, type SchemaNode, typesOf } from '@weir/schema/config';
import { parsePointer } from '@weir/schema/json';
import { didYouMean } from '@weir/runtime';
import { errors } from '../errors.ts';
import type { GivenAnswers } from './given-answers.ts';

const isGroup = ({ oneOf, properties }: SchemaNode): boolean =>
  oneOf !== undefined || properties !== undefined;

export const isList = (node: SchemaNode): boolean => typesOf(node).includes('array');

/** Errors: INIT_ANSWER_INVALID, for all answers below `place` that the schema has no place for. */
export function assertPlaces(schema: SchemaNode, place: string, given: GivenAnswers): void {
  const known = [...placesOf(schema, place)];
  const unknown = given.below(place).filter((pointer) => {
    const tokens = parsePointer(pointer.slice(place.length));
    return !hasPlace(schema, tokens);
  });
  if (unknown.length === 0) return;
  const lines = unknown.map((pointer) => `The form has no ${pointer}.${didYouMean(pointer, known)}`);
  throw errors.INIT_ANSWER_INVALID({ message: lines.join('\n') });
}

function hasPlace(node: SchemaNode, [token, ...below]: readonly string[]): boolean {
  if (token === undefined) return !isGroup(node);
  const property = node.properties?.[token];
  if (property !== undefined && hasPlace(property, below)) return true;
  if (node.oneOf?.some((variant) => hasPlace(variant, [token, ...below])) === true) return true;
  return (
    isList(node) && node.items !== undefined && /^(0|[1-9]\d*)$/.test(token) && hasPlace(node.items, below)
  );
}

/** The first item of a list stands for each of them. */
function* placesOf(node: SchemaNode, pointer: string): Generator<string> {
  if (!isGroup(node)) yield pointer;
  for (const [name, property] of Object.entries(node.properties ?? {}))
    yield* placesOf(property, childPointer(pointer, name));
  for (const variant of node.oneOf ?? []) yield* placesOf(variant, pointer);
  if (isList(node) && node.items !== undefined) yield* placesOf(node.items, childPointer(pointer, 0));
}
