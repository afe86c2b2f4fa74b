// The rule of a shape: what satisfies it leaves the shape as it is, however it is widened by it.

import type { Shape } from '../shape/shape.ts';
import { anyValue, type Rule } from './rule.ts';
import { isScalar } from './rule-from-schema.ts';

/** Formats that inference detects by itself; it takes others as validation does. */
const detected = new Set(['integer', 'number', 'date', 'date-time', 'time', 'uuid']);

/** undefined when no rule can express the shape. */
export function ruleFromShape(shape: Shape): Rule | undefined {
  if (shape.patterns.length > 0 || shape.tuple.length > 0) return undefined;
  const properties = new Map<string, Rule>();
  const required = new Set<string>();
  for (const [name, property] of shape.properties) {
    const rule = ruleFromShape(property.shape);
    if (rule === undefined || name === '__proto__') return undefined;
    properties.set(name, rule);
    if (property.required) required.add(name);
  }
  const additional = shape.additional === undefined ? anyValue : ruleFromShape(shape.additional);
  const items = shape.items === undefined ? anyValue : ruleFromShape(shape.items);
  if (additional === undefined || items === undefined) return undefined;
  return {
    types: shape.types,
    members: shape.enum?.filter((member) => isScalar(member)),
    formats: shape.format === '' ? [] : [{ name: shape.format, strict: detected.has(shape.format) }],
    minLength: shape.minLength,
    maxLength: shape.maxLength,
    minimum: shape.minimum,
    maximum: shape.maximum,
    minItems: shape.minItems,
    maxItems: shape.maxItems,
    properties,
    required,
    additional: shape.additional === undefined ? undefined : additional,
    items: shape.items === undefined ? undefined : items,
  };
}
