// Merges the schema that a source offers into the one of a catalog file. Types and constraints follow the source.
// Annotations (`redact`, `reduce`, titles …) are the catalog's: the ones that a file holds stay, whatever the source says,
// and so does every place that it no longer names but that carries one that changes what is stored. All that happens to
// a place is reported, so that nothing a person wrote goes away without a word.

import { isMap, isSeq } from 'yaml';
import type { Node, Pair, YAMLMap, YAMLSeq } from 'yaml';
import type { SourceFile } from '../catalog/source-file.ts';
import { resolveAlias } from '../catalog/yaml-json.ts';
import { keyText, nodeToJson, sameJson, updateNode } from './yaml-edit.ts';

/** JSON pointers into the schema. */
export interface SchemaChanges {
  readonly added: string[];
  readonly changed: string[];
  readonly removed: string[];
  /** Left as the file has them, though the source says something else or no longer has the place. */
  readonly kept: string[];
}

type Item = Pair<Node, Node | null>;

/** Change what is stored, so a place that carries one outlives the source's silence about it. */
const effects = new Set(['redact', 'reduce', 'secret', 'default']);
const wording = new Set([
  'title',
  'description',
  'examples',
  '$comment',
  'deprecated',
  'readOnly',
  'writeOnly',
]);

/** `x-infer-schema` is a statement of the source about its own schema. */
function isExtension(keyword: string): boolean {
  return keyword.startsWith('x-') && keyword !== 'x-infer-schema';
}

function isAnnotation(keyword: string): boolean {
  return effects.has(keyword) || wording.has(keyword) || isExtension(keyword);
}

const schemasByName = new Set([
  'properties',
  'patternProperties',
  'dependentSchemas',
  '$defs',
  'definitions',
]);
const schemaLists = new Set(['allOf', 'anyOf', 'oneOf', 'prefixItems', 'items']);
const singleSchemas = new Set([
  'items',
  'additionalItems',
  'unevaluatedItems',
  'additionalProperties',
  'unevaluatedProperties',
  'propertyNames',
  'contains',
  'not',
  'if',
  'then',
  'else',
]);

export function noChanges(): SchemaChanges {
  return { added: [], changed: [], removed: [], kept: [] };
}

export function isChanged(changes: SchemaChanges): boolean {
  return changes.added.length + changes.changed.length + changes.removed.length > 0;
}

export class SchemaMerge {
  readonly #file: SourceFile;
  readonly changes: SchemaChanges = noChanges();

  /** `file` holds the nodes that are changed. */
  constructor(file: SourceFile) {
    this.#file = file;
  }

  /** Gives the node to put in the place of `node`: itself wherever that is possible. */
  schema(node: Node | null, wanted: Node, at = ''): Node {
    const current = resolveAlias(node, this.#file.document);
    if (!isMap(current) || !isMap(wanted)) return this.#value(node, wanted, at);
    const before = this.#edits();
    const items = wanted.items as Item[];
    for (const pair of items) {
      const keyword = keyText(pair.key);
      const found = itemOf(current, keyword);
      if (found === undefined) this.#add(current, pair, at);
      else if (pair.value === null) continue;
      else if (isAnnotation(keyword)) this.#keep(found.value, pair.value, below(at, keyword));
      else found.value = this.#keyword(keyword, found.value, pair.value, below(at, keyword));
    }
    this.#drop(current, items, at, (item) => isAnnotation(keyText(item.key)));
    if (this.#edits() > before && node === current && current.flow === true) current.flow = false;
    return node ?? current;
  }

  #keyword(keyword: string, node: Node | null, wanted: Node, at: string): Node {
    const current = resolveAlias(node, this.#file.document);
    if (schemasByName.has(keyword) && isMap(current) && isMap(wanted))
      return this.#byName(current, wanted, at);
    if (schemaLists.has(keyword) && isSeq(current) && isSeq(wanted)) return this.#list(current, wanted, at);
    if (singleSchemas.has(keyword)) return this.schema(node, wanted, at);
    return this.#value(node, wanted, at);
  }

  #byName(current: YAMLMap, wanted: YAMLMap, at: string): Node {
    const before = this.#edits();
    const items = wanted.items as Item[];
    for (const pair of items) {
      const found = itemOf(current, keyText(pair.key));
      if (found === undefined) this.#add(current, pair, at);
      else if (pair.value !== null)
        found.value = this.schema(found.value, pair.value, below(at, keyText(pair.key)));
    }
    this.#drop(current, items, at, () => false);
    if (this.#edits() > before && current.flow === true) current.flow = false;
    return current;
  }

  /** Schemas of a list have no names: of lists of one length they pair up by position, else by equality. */
  #list(current: YAMLSeq, wanted: YAMLSeq, at: string): Node {
    const old = current.items as Node[];
    if (old.length === wanted.items.length) {
      current.items = wanted.items.map((item, index) =>
        this.schema(old[index] ?? null, item as Node, below(at, String(index))),
      );
      return current;
    }
    const left = new Set(old);
    current.items = wanted.items.map((item) => {
      const equal = [...left].find((candidate) => this.#same(candidate, item as Node));
      if (equal !== undefined) left.delete(equal);
      return equal ?? item;
    });
    this.changes.changed.push(at);
    for (const item of left) {
      const place = below(at, String(old.indexOf(item)));
      if (this.#hasEffect(item)) {
        current.items.push(item);
        this.changes.kept.push(place);
      } else this.changes.removed.push(place);
    }
    return current;
  }

  #value(node: Node | null, wanted: Node, at: string): Node {
    if (this.#same(node, wanted)) return node ?? wanted;
    this.changes.changed.push(at);
    return updateNode(node, wanted, this.#file);
  }

  #add(current: YAMLMap, pair: Item, at: string): void {
    current.items.push(pair);
    this.changes.added.push(below(at, keyText(pair.key)));
  }

  #keep(node: Node | null, wanted: Node, at: string): void {
    if (!this.#same(node, wanted)) this.changes.kept.push(at);
  }

  #drop(current: YAMLMap, wanted: readonly Item[], at: string, stays: (item: Item) => boolean): void {
    const names = new Set(wanted.map((item) => keyText(item.key)));
    current.items = (current.items as Item[]).filter((item) => {
      const name = keyText(item.key);
      if (names.has(name) || stays(item)) return true;
      const effective = this.#hasEffect(item.value);
      this.changes[effective ? 'kept' : 'removed'].push(below(at, name));
      return effective;
    });
  }

  /** Whether a keyword that changes what is stored stands anywhere in it. */
  #hasEffect(node: Node | null): boolean {
    const current = resolveAlias(node, this.#file.document);
    if (isSeq(current)) return current.items.some((item) => this.#hasEffect(item as Node | null));
    if (!isMap(current)) return false;
    return (current.items as Item[]).some((item) => {
      const name = keyText(item.key);
      return effects.has(name) || isExtension(name) || this.#hasEffect(item.value);
    });
  }

  #same(node: Node | null, wanted: Node): boolean {
    const current = resolveAlias(node, this.#file.document);
    return current !== null && sameJson(nodeToJson(current, this.#file), nodeToJson(wanted, this.#file));
  }

  #edits(): number {
    const { added, changed, removed } = this.changes;
    return added.length + changed.length + removed.length;
  }
}

function itemOf(map: YAMLMap, name: string): Item | undefined {
  return (map.items as Item[]).find((item) => keyText(item.key) === name);
}

function below(at: string, name: string): string {
  return `${at}/${name.replaceAll('~', '~0').replaceAll('/', '~1')}`;
}
