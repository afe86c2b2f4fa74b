// The annotations that hold at one location of one document. A location is the set of schema nodes that apply to it;
// conditionals are decided by the document's own value. Sets are interned, so that walking the next document of the
// same kind builds nothing.

import { errors } from '../errors.ts';
import { compareStrings, isJsonObject, type JsonValue } from '../json/index.ts';
import type { CompileOptions } from '../validate/index.ts';
import { type Probe, probeOf } from './probe.ts';
import { matches, propertySchemas, UNSUPPORTED_IN_CONDITIONS } from './matches.ts';
import {
  type AnnotationReader,
  childEntriesOf,
  childOf,
  childrenOf,
  schemaGraph,
  type SchemaNode,
} from './schema-graph.ts';

/** A decision that the value at this location takes: which further nodes apply. */
interface Branching<A> {
  readonly kind: 'if' | 'anyOf' | 'oneOf' | 'dependentSchemas';
  readonly node: SchemaNode<A>;
}

/** The relevant nodes at a location before its value is known. */
export interface Location<A> {
  /** Nothing is annotated here or below: the caller need not look further. */
  readonly inert: boolean;
  /** What has to be known of a value to resolve it; undefined when nothing has. */
  readonly probe: Probe | undefined;
  /** What holds when there is nothing to decide. */
  readonly plain: Active<A>;
  /** The nodes that apply to this value. */
  resolve(value: JsonValue): Active<A>;
}

/** The relevant nodes at a location for one value. */
export interface Active<A> {
  readonly key: string;
  readonly annotations: readonly A[];
  /** The only properties with annotations at or below them, sorted; undefined when any property may have some. */
  readonly annotatedNames: readonly string[] | undefined;
  property(name: string): Location<A>;
  item(index: number): Location<A>;
}

/** The annotations of a schema under one keyword, to be followed from the root. Errors as `schemaGraph`. */
export function annotationsOf<A>(
  schemaText: string,
  keyword: string,
  read: AnnotationReader<A>,
  options?: CompileOptions,
): Location<A> {
  const root = schemaGraph(schemaText, keyword, read, options);
  return new Locations<A>().at([root]);
}

class Locations<A> {
  readonly #locations = new Map<string, Location<A>>();
  readonly #active = new Map<string, Active<A>>();

  /** The location where these nodes apply, and everything they include without condition. */
  at(nodes: readonly SchemaNode<A>[]): Location<A> {
    const closed = closure(nodes);
    const key = keyOf(closed);
    let location = this.#locations.get(key);
    if (location === undefined) {
      location = this.#locationOf(closed);
      this.#locations.set(key, location);
    }
    return location;
  }

  #locationOf(nodes: ReadonlySet<SchemaNode<A>>): Location<A> {
    const branchings = [...nodes].flatMap(branchingsOf);
    const plain = this.#activeOf(nodes);
    // Outcomes of the first decisions, when they bring no further ones.
    const settled = new Map<string, Active<A>>();
    const resolve = (value: JsonValue): Active<A> => {
      let outcome = '';
      for (const branching of branchings) {
        for (const { id } of chosenNodes(branching, value)) outcome += `${id},`;
      }
      const known = settled.get(outcome);
      if (known !== undefined) return known;
      const active = resolveAnew(value);
      if (active.rounds === 1) settled.set(outcome, active.active);
      return active.active;
    };
    const resolveAnew = (value: JsonValue): { active: Active<A>; rounds: number } => {
      let rounds = 0;
      let all = nodes;
      let open: readonly Branching<A>[] = branchings;
      // A chosen branch may bring branchings of its own.
      while (open.length > 0) {
        rounds += 1;
        const known: ReadonlySet<SchemaNode<A>> = all;
        const chosen = open.flatMap((branching) => chosenNodes(branching, value));
        const added = closure(chosen);
        all = new Set([...known, ...added]);
        open = [...added].filter((node) => !known.has(node)).flatMap(branchingsOf);
      }
      return { active: this.#activeOf(all), rounds };
    };
    if (branchings.length === 0) {
      return { inert: nodes.size === 0, probe: undefined, plain, resolve: () => plain };
    }
    return { inert: false, probe: probeOf(conditionsOf(nodes, new Set())), plain, resolve };
  }

  #activeOf(nodes: ReadonlySet<SchemaNode<A>>): Active<A> {
    const key = keyOf(nodes);
    let active = this.#active.get(key);
    if (active === undefined) {
      active = this.#newActive(key, [...nodes]);
      this.#active.set(key, active);
    }
    return active;
  }

  #newActive(key: string, nodes: readonly SchemaNode<A>[]): Active<A> {
    const properties = new Map<string, Location<A>>();
    const items = new Map<number, Location<A>>();
    const longest = Math.max(0, ...nodes.map((node) => childrenOf(node, 'prefixItems').length));
    return {
      key,
      annotations: nodes.flatMap((node) => node.annotation ?? []),
      annotatedNames: annotatedNames(nodes),
      property: (name) => {
        let location = properties.get(name);
        if (location === undefined) {
          location = this.at(nodes.flatMap((node) => propertySchemas(node, name)));
          // Documents choose the names; the nodes behind them are few, so only the map has to be bounded.
          if (properties.size < MAX_CACHED_NAMES) properties.set(name, location);
        }
        return location;
      },
      item: (index) => {
        const position = Math.min(index, longest);
        let location = items.get(position);
        if (location === undefined) {
          location = this.at(nodes.flatMap((node) => itemSchemas(node, position)));
          items.set(position, location);
        }
        return location;
      },
    };
  }
}

const MAX_CACHED_NAMES = 10_000;

function keyOf<A>(nodes: ReadonlySet<SchemaNode<A>>): string {
  return [...nodes]
    .map((node) => node.id)
    .sort((left, right) => left - right)
    .join(',');
}

function itemSchemas<A>(node: SchemaNode<A>, index: number): SchemaNode<A>[] {
  const first = childrenOf(node, 'prefixItems');
  const schema = first[index] ?? childOf(node, 'items');
  return schema === undefined ? [] : [schema];
}

/** The relevant ones of these nodes, and those that apply with them whatever the value. */
function closure<A>(nodes: readonly SchemaNode<A>[]): ReadonlySet<SchemaNode<A>> {
  const closed = new Set<SchemaNode<A>>();
  const open = [...nodes];
  for (let node = open.pop(); node !== undefined; node = open.pop()) {
    if (!node.relevant || closed.has(node)) continue;
    closed.add(node);
    if (node.reference !== undefined) open.push(node.reference);
    open.push(...childrenOf(node, 'allOf'));
  }
  return closed;
}

function branchingsOf<A>(node: SchemaNode<A>): Branching<A>[] {
  const found: Branching<A>[] = [];
  if (['if', 'then', 'else'].some((keyword) => childOf(node, keyword)?.relevant)) {
    if (childOf(node, 'if') !== undefined) found.push({ kind: 'if', node });
  }
  for (const kind of ['anyOf', 'oneOf'] as const) {
    if (childrenOf(node, kind).some((branch) => branch.relevant)) found.push({ kind, node });
  }
  if (childEntriesOf(node, 'dependentSchemas').some(([, schema]) => schema.relevant)) {
    found.push({ kind: 'dependentSchemas', node });
  }
  for (const { node: decided } of found) refuseUnsupported(decided);
  return found;
}

/** Every node whose match decides what applies here, also inside the branches that may be chosen. */
function conditionsOf<A>(nodes: Iterable<SchemaNode<A>>, seen: Set<SchemaNode<A>>): SchemaNode<A>[] {
  const found: SchemaNode<A>[] = [];
  for (const node of nodes) {
    if (seen.has(node)) continue;
    seen.add(node);
    for (const { kind } of branchingsOf(node)) {
      const condition = childOf(node, 'if');
      const outcomes = [condition, childOf(node, 'then'), childOf(node, 'else')].flatMap(
        (each) => each ?? [],
      );
      // A node that looks at names of properties only through dependentSchemas is probed as a whole.
      if (kind === 'if' && condition !== undefined)
        found.push(condition, ...conditionsOf(closure(outcomes), seen));
      else if (kind === 'dependentSchemas') found.push(node);
      else found.push(...childrenOf(node, kind), ...conditionsOf(closure(childrenOf(node, kind)), seen));
    }
  }
  return found;
}

function annotatedNames<A>(nodes: readonly SchemaNode<A>[]): readonly string[] | undefined {
  const names = new Set<string>();
  for (const node of nodes) {
    if (childOf(node, 'additionalProperties')?.relevant) return undefined;
    if (childEntriesOf(node, 'patternProperties').some(([, schema]) => schema.relevant)) return undefined;
    for (const [name, schema] of childEntriesOf(node, 'properties')) if (schema.relevant) names.add(name);
  }
  return [...names].sort(compareStrings);
}

function refuseUnsupported<A>(node: SchemaNode<A>): void {
  const conditions = [childOf(node, 'if'), ...childrenOf(node, 'anyOf'), ...childrenOf(node, 'oneOf')];
  for (const condition of conditions) {
    const used = UNSUPPORTED_IN_CONDITIONS.find(
      (keyword) => condition !== undefined && keyword in condition.keywords,
    );
    if (used === undefined) continue;
    throw errors.SCHEMA_INVALID({
      message: `the conditional at '${node.location}' of the schema selects annotations and uses ${used}, which is not supported there`,
    });
  }
}

function chosenNodes<A>({ kind, node }: Branching<A>, value: JsonValue): readonly SchemaNode<A>[] {
  switch (kind) {
    case 'if': {
      const condition = childOf(node, 'if');
      if (condition === undefined) return [];
      const holds = matches(condition, value);
      const chosen = childOf(node, holds ? 'then' : 'else');
      return [...(holds ? [condition] : []), ...(chosen === undefined ? [] : [chosen])];
    }
    case 'anyOf':
    case 'oneOf':
      return childrenOf(node, kind).filter((branch) => matches(branch, value));
    default:
      if (!isJsonObject(value)) return [];
      return childEntriesOf(node, kind)
        .filter(([name]) => Object.hasOwn(value, name))
        .map(([, schema]) => schema);
  }
}
