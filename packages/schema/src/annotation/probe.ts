// Which parts of an object a conditional looks at. When they are few, a document can be decided on without parsing the
// rest of it.

import { getProperty } from '../json/index.ts';
import { childEntriesOf, childOf, childrenOf, type SchemaNode } from './schema-graph.ts';

/** `whole`: the value itself matters. Else only these properties of it, and whether they exist. */
export interface Probe {
  whole: boolean;
  readonly properties: Map<string, Probe>;
}

type Node = SchemaNode<unknown>;

/** Keywords that look at an object as a whole. */
const WHOLE = [
  'const',
  'enum',
  'minProperties',
  'maxProperties',
  'patternProperties',
  'additionalProperties',
  'propertyNames',
  'dependentRequired',
  'dependentSchemas',
];
const SAME_LOCATION = ['allOf', 'anyOf', 'oneOf'];
const SAME_LOCATION_ONE = ['not', 'if', 'then', 'else'];

/** What has to be known of a value to decide these conditions, and the conditionals inside their outcomes. */
export function probeOf(conditions: readonly Node[]): Probe {
  const probe: Probe = { whole: false, properties: new Map() };
  for (const condition of conditions) touch(condition, probe, new Set());
  return probe;
}

function touch(node: Node, probe: Probe, seen: Set<Node>): void {
  if (seen.has(node)) return;
  seen.add(node);
  if (WHOLE.some((keyword) => keyword in node.keywords)) probe.whole = true;
  const required = getProperty(node.keywords, 'required');
  for (const name of Array.isArray(required) ? required : []) {
    if (typeof name === 'string') propertyOf(probe, name);
  }
  for (const [name, schema] of childEntriesOf(node, 'properties')) {
    touch(schema, propertyOf(probe, name), new Set(seen));
  }
  const same = [
    ...SAME_LOCATION.flatMap((keyword) => childrenOf(node, keyword)),
    ...SAME_LOCATION_ONE.flatMap((keyword) => childOf(node, keyword) ?? []),
    ...(node.reference === undefined ? [] : [node.reference]),
  ];
  for (const each of same) touch(each, probe, seen);
}

function propertyOf(probe: Probe, name: string): Probe {
  let property = probe.properties.get(name);
  if (property === undefined) {
    property = { whole: false, properties: new Map() };
    probe.properties.set(name, property);
  }
  return property;
}
