// A schema with its references resolved, as a graph of nodes that an annotation (`reduce`, `redact`) can be followed
// through. Only nodes from which such an annotation can be reached are `relevant`; all others are never looked at when
// a document is walked, which is what makes walking wide tables cheap.

import { errors } from '../errors.ts';
import {
  escapeToken,
  formatPointer,
  getProperty,
  isJsonObject,
  parseJson,
  parsePointer,
} from '../json/index.ts';
import type { JsonObject, JsonValue } from '../json/index.ts';
import { type CompileOptions, eachSubschema, isSchema, toCurrentDialect } from '../validate/index.ts';

export interface SchemaNode<A> {
  /** Distinguishes nodes; counts from 0. */
  readonly id: number;
  readonly keywords: JsonObject;
  /** `false`: the schema that nothing matches. */
  readonly never: boolean;
  readonly location: string;
  annotation: A | undefined;
  relevant: boolean;
  /** By JSON pointer of the subschema inside this one. */
  readonly children: Map<string, SchemaNode<A>>;
  /** What `childrenOf` and `childEntriesOf` answered. */
  readonly lists: Map<string, SchemaNode<A>[]>;
  readonly entries: Map<string, [string, SchemaNode<A>][]>;
  reference: SchemaNode<A> | undefined;
}

/** Reads the value of the annotation's keyword; throws SCHEMA_INVALID when it is not understood. */
export type AnnotationReader<A> = (value: JsonValue, location: string) => A;

interface Registry<A> {
  readonly byUri: Map<string, SchemaNode<A>>;
  readonly references: { readonly node: SchemaNode<A>; readonly base: string; readonly uri: string }[];
  readonly nodes: SchemaNode<A>[];
}

/**
 * Builds the graph of a schema (drafts 7 to 2020-12) for one annotation keyword.
 * Throws SCHEMA_INVALID for text that is no schema, an annotation that is not understood, or a `$ref` that leads nowhere.
 */
export function schemaGraph<A>(
  schemaText: string,
  keyword: string,
  read: AnnotationReader<A>,
  options: CompileOptions = {},
): SchemaNode<A> {
  const registry: Registry<A> = { byUri: new Map(), references: [], nodes: [] };
  const add = (text: string, uri: string): SchemaNode<A> => {
    const schema = toCurrentDialect(parseJson(text));
    const node = build(schema, { uri, base: uri, pointer: '' }, keyword, read, registry);
    registry.byUri.set(uri, node);
    return node;
  };
  for (const [uri, text] of Object.entries(options.refs ?? {})) add(text, uri);
  const root = add(schemaText, options.baseUri ?? DEFAULT_BASE);
  for (const { node, base, uri } of registry.references) node.reference = resolve(base, uri, registry);
  markRelevant(registry.nodes);
  return root;
}

const DEFAULT_BASE = 'schema:/';

interface Place {
  /** Of the resource that the pointer is relative to. */
  readonly uri: string;
  readonly base: string;
  readonly pointer: string;
}

function build<A>(
  schema: JsonValue,
  outer: Place,
  keyword: string,
  read: AnnotationReader<A>,
  registry: Registry<A>,
): SchemaNode<A> {
  if (!isSchema(schema))
    throw errors.SCHEMA_INVALID({ message: `'${outer.pointer}' of the schema is no schema` });
  const keywords: JsonObject = typeof schema === 'boolean' ? {} : schema;
  const id = textOf(keywords, '$id');
  const place = id === undefined ? outer : inside(resolveUri(id, outer.base));
  const node: SchemaNode<A> = {
    id: registry.nodes.length,
    keywords,
    never: schema === false,
    location: outer.pointer,
    annotation: undefined,
    relevant: false,
    children: new Map(),
    lists: new Map(),
    entries: new Map(),
    reference: undefined,
  };
  registry.nodes.push(node);
  if (id !== undefined) registry.byUri.set(place.uri, node);
  for (const name of ['$anchor', '$dynamicAnchor']) {
    const anchor = textOf(keywords, name);
    if (anchor !== undefined) registry.byUri.set(`${place.base}#${anchor}`, node);
  }
  const reference = textOf(keywords, '$ref') ?? textOf(keywords, '$dynamicRef');
  if (reference !== undefined) registry.references.push({ node, base: place.base, uri: reference });
  const annotation = getProperty(keywords, keyword);
  if (annotation !== undefined) node.annotation = read(annotation, outer.pointer);
  eachSubschema(keywords, (subschema, pointer) => {
    if (!isSchema(subschema)) return;
    const at = { ...place, pointer: place.pointer + pointer };
    node.children.set(pointer, build(subschema, at, keyword, read, registry));
  });
  return node;
}

function inside(uri: string): Place {
  const bare = uri.replace(/#$/u, '');
  return { uri: bare, base: bare, pointer: '' };
}

function textOf(keywords: JsonObject, name: string): string | undefined {
  const value = getProperty(keywords, name);
  return typeof value === 'string' ? value : undefined;
}

function resolveUri(uri: string, base: string): string {
  if (uri.startsWith('#')) return base + uri;
  return URL.canParse(uri) ? uri : URL.canParse(uri, base) ? new URL(uri, base).href : uri;
}

function resolve<A>(base: string, reference: string, registry: Registry<A>): SchemaNode<A> {
  const uri = resolveUri(reference, base);
  const exact = registry.byUri.get(uri.replace(/#$/u, ''));
  if (exact !== undefined) return exact;
  const [resource = '', fragment = ''] = uri.split('#', 2);
  let node = registry.byUri.get(resource);
  let path = '';
  for (const token of node === undefined ? [] : pointerTokens(fragment)) {
    path += `/${escapeToken(token)}`;
    const child: SchemaNode<A> | undefined = node?.children.get(path);
    if (child === undefined) continue;
    node = child;
    path = '';
  }
  if (node === undefined || path !== '') {
    throw errors.SCHEMA_INVALID({ message: `the schema refers to '${reference}', which does not exist` });
  }
  return node;
}

function pointerTokens(fragment: string): readonly string[] {
  return fragment === '' || fragment.startsWith('/')
    ? parsePointer(decodeURIComponent(fragment))
    : [fragment];
}

/** From every annotated node back to everything that leads there. */
function markRelevant<A>(nodes: readonly SchemaNode<A>[]): void {
  const leadsHere = new Map<SchemaNode<A>, SchemaNode<A>[]>();
  for (const node of nodes) {
    const targets = [...node.children]
      .filter(([pointer]) => !DEFINITIONS.test(pointer))
      .map(([, child]) => child);
    if (node.reference !== undefined) targets.push(node.reference);
    for (const target of targets) {
      const sources = leadsHere.get(target);
      if (sources === undefined) leadsHere.set(target, [node]);
      else sources.push(node);
    }
  }
  const open = nodes.filter((node) => node.annotation !== undefined);
  for (let node = open.pop(); node !== undefined; node = open.pop()) {
    if (node.relevant) continue;
    node.relevant = true;
    open.push(...(leadsHere.get(node) ?? []));
  }
}

const DEFINITIONS = /^\/(?:\$defs|definitions)\//u;

/** The subschema under a keyword, or under a name or index of it. */
export function childOf<A>(
  node: SchemaNode<A>,
  keyword: string,
  token?: string | number,
): SchemaNode<A> | undefined {
  return node.children.get(token === undefined ? `/${keyword}` : `/${keyword}/${escapeToken(String(token))}`);
}

/** The members of a list of subschemas. */
export function childrenOf<A>(node: SchemaNode<A>, keyword: string): readonly SchemaNode<A>[] {
  let members = node.lists.get(keyword);
  if (members === undefined) {
    const list = getProperty(node.keywords, keyword);
    members = Array.isArray(list) ? list.flatMap((_, index) => childOf(node, keyword, index) ?? []) : [];
    node.lists.set(keyword, members);
  }
  return members;
}

/** The names and subschemas of a map of subschemas. */
export function childEntriesOf<A>(
  node: SchemaNode<A>,
  keyword: string,
): readonly (readonly [string, SchemaNode<A>])[] {
  let entries = node.entries.get(keyword);
  if (entries === undefined) {
    const map = getProperty(node.keywords, keyword);
    const names = isJsonObject(map) ? Object.keys(map) : [];
    entries = names.flatMap((name) => {
      const child = childOf(node, keyword, name);
      return child === undefined ? [] : [[name, child] as [string, SchemaNode<A>]];
    });
    node.entries.set(keyword, entries);
  }
  return entries;
}

/** The location of a value in a document, as error messages print it. */
export function locationOf(path: readonly (string | number)[]): string {
  return formatPointer(path.map(String));
}
