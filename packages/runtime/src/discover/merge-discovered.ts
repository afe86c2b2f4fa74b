// Merges what a connector discovered into the files of a catalog. Bindings are matched by what their resource names; a
// matched binding is left exactly as it is (its target may have been renamed, it may be disabled or tuned), and only the
// write schema and key of its collection follow the source; annotations of the schema stay, and every change is reported.
// New bindings and collections are added to the capture's file.

import { isScalar, Scalar, YAMLMap } from 'yaml';
import type { Node, Pair } from 'yaml';
import type { DiscoveredBinding, JsonText } from '@weir/protocol';
import { isJsonObject, parseJson } from '@weir/schema';
import type { Catalog } from '../catalog/load-catalog.ts';
import type { CaptureModel, CollectionModel } from '../catalog/model.ts';
import { resolveAlias } from '../catalog/yaml-json.ts';
import { CatalogEditor } from './catalog-editor.ts';
import { collectionName } from './collection-name.ts';
import { isChanged, noChanges, SchemaMerge } from './merge-schema.ts';
import type { SchemaChanges } from './merge-schema.ts';
import { resourceIdentity } from './resource-path.ts';
import {
  childMap,
  childSeq,
  keyText,
  nodeFromJson,
  printJsonAsYaml,
  sameJson,
  updateNode,
} from './yaml-edit.ts';

export interface DiscoverInput {
  readonly catalog: Catalog;
  readonly capture: CaptureModel;
  readonly discovered: readonly DiscoveredBinding[];
  readonly resourcePathPointers: readonly string[];
  /** Only update what is there already (autoDiscover without addNewBindings). */
  readonly updateOnly?: boolean;
  /** Whether a file exists, so that a new schema file does not replace one. */
  readonly exists?: (url: string) => boolean;
}

export interface DiscoverResult {
  /** URL → the new text of each file that changes. */
  readonly files: ReadonlyMap<string, string>;
  /** Collections that got a new binding. */
  readonly added: readonly string[];
  /** Collections whose schema or key follow the source now. */
  readonly updated: readonly string[];
  /** Of every collection that was there already and differs from what the source offers. */
  readonly changes: readonly CollectionChanges[];
  /** Bindings (their collections) whose resource the source no longer offers; they are kept. */
  readonly vanished: readonly string[];
  /** Discovered, but left alone because of `updateOnly`. */
  readonly skipped: readonly string[];
}

/** What happened to a collection that was there already. */
export interface CollectionChanges {
  readonly name: string;
  readonly schema: SchemaChanges;
  readonly key?: { readonly from: readonly string[]; readonly to: readonly string[] };
}

/** Schemas with a longer text get a file of their own beside the catalog. */
const inlineSchemaBytes = 512;

const inferredReadSchema =
  '{"allOf":[{"$ref":"flow://relaxed-write-schema"},{"$ref":"flow://inferred-schema"}]}';

function infersSchema(schema: JsonText): boolean {
  const value = parseJson(schema);
  return isJsonObject(value) && value['x-infer-schema'] === true;
}

/** Brings the write schema of a collection up to date, wherever it is written. */
function updateSchema(editor: CatalogEditor, model: CollectionModel, schema: JsonText): SchemaChanges {
  if (sameJson(model.writeSchema, schema)) return noChanges();
  const entity = editor.entity('collections', model);
  const key = entity.has('writeSchema') ? 'writeSchema' : 'schema';
  const pair = entity.items.find((item) => keyText(item.key) === key);
  if (pair === undefined) return noChanges();
  const changes = mergeAt(editor, model, pair, schema);
  // A schema that stood for both becomes the write schema once the source asks for an inferred read schema.
  if (key === 'schema' && infersSchema(schema) && !infersSchema(model.writeSchema)) {
    pair.key = new Scalar('writeSchema');
    const readSchema = mapOf({ readSchema: nodeFromJson(inferredReadSchema) });
    entity.items.splice(entity.items.indexOf(pair) + 1, 0, ...readSchema.items);
    editor.touch(model.url);
  }
  return changes;
}

/** Merges into the value of `pair`, or into the file that it names. */
function mergeAt(editor: CatalogEditor, model: CollectionModel, pair: Pair, schema: JsonText): SchemaChanges {
  const file = editor.file(model.url);
  const node = resolveAlias(pair.value, file.document);
  const url = isScalar(node) && typeof node.value === 'string' ? new URL(node.value, model.url) : undefined;
  if (url !== undefined && url.hash === '' && url.protocol === 'file:') {
    const external = editor.file(url.href);
    const merge = new SchemaMerge(external);
    const merged = merge.schema(external.document.contents, nodeFromJson(schema));
    external.document.contents = merged as typeof external.document.contents;
    if (isChanged(merge.changes)) editor.touch(url.href);
    return merge.changes;
  }
  const merge = new SchemaMerge(file);
  pair.value = merge.schema(node, nodeFromJson(schema));
  if (isChanged(merge.changes)) editor.touch(model.url);
  return merge.changes;
}

function updateKey(
  editor: CatalogEditor,
  model: CollectionModel,
  binding: DiscoveredBinding,
): CollectionChanges['key'] {
  const wanted = JSON.stringify(binding.key);
  if (binding.key.length === 0 || binding.isFallbackKey || wanted === JSON.stringify(model.key))
    return undefined;
  const entity = editor.entity('collections', model);
  const pair = entity.items.find((item) => keyText(item.key) === 'key');
  if (pair !== undefined)
    pair.value = updateNode(pair.value as Node, nodeFromJson(wanted), editor.file(model.url));
  editor.touch(model.url);
  return { from: model.key, to: binding.key };
}

function mapOf(members: Readonly<Record<string, Node>>): YAMLMap {
  const map = new YAMLMap();
  for (const [key, value] of Object.entries(members)) map.set(new Scalar(key), value);
  return map;
}

function schemaUrl(editor: CatalogEditor, input: DiscoverInput, name: string): string {
  const stem = name.slice(name.lastIndexOf('/') + 1);
  for (let n = 1; ; n++) {
    const url = new URL(
      `${encodeURIComponent(n === 1 ? stem : `${stem}-${n}`)}.schema.yaml`,
      input.capture.url,
    ).href;
    const taken = editor.isNew(url) || input.catalog.files.has(url) || input.exists?.(url) === true;
    if (!taken) return url;
  }
}

function addCollection(
  editor: CatalogEditor,
  input: DiscoverInput,
  name: string,
  binding: DiscoveredBinding,
): void {
  const file = editor.file(input.capture.url);
  const text = printJsonAsYaml(binding.documentSchema);
  let schema: Node;
  if (Buffer.byteLength(text) > inlineSchemaBytes) {
    const url = schemaUrl(editor, input, name);
    editor.create(url, text);
    schema = new Scalar(decodeURIComponent(url.slice(url.lastIndexOf('/') + 1)));
  } else schema = nodeFromJson(binding.documentSchema);
  const key = nodeFromJson(JSON.stringify(binding.key));
  const collection = infersSchema(binding.documentSchema)
    ? mapOf({ writeSchema: schema, readSchema: nodeFromJson(inferredReadSchema), key })
    : mapOf({ schema, key });
  const root = file.document.contents as unknown as YAMLMap;
  childMap(root, 'collections', file.document).set(new Scalar(name), collection);
  editor.touch(file.url);
}

function addBinding(
  editor: CatalogEditor,
  input: DiscoverInput,
  target: string,
  binding: DiscoveredBinding,
): void {
  const file = editor.file(input.capture.url);
  const capture = editor.entity('captures', input.capture);
  childSeq(capture, 'bindings', file.document).items.push(
    mapOf({
      resource: nodeFromJson(binding.resourceConfig),
      target: new Scalar(target),
      ...(binding.disable ? { disable: new Scalar(true) } : {}),
    }),
  );
  editor.touch(file.url);
}

/** Pure: gives the new texts of the files, writes nothing. Errors: DISCOVER_NOT_EDITABLE. */
export function mergeDiscovered(input: DiscoverInput): DiscoverResult {
  const { catalog, capture, resourcePathPointers: pointers } = input;
  const editor = new CatalogEditor(catalog);
  const added: string[] = [];
  const updated: string[] = [];
  const changes: CollectionChanges[] = [];
  const skipped: string[] = [];
  const note = (change: CollectionChanges): void => {
    const isUpdated = isChanged(change.schema) || change.key !== undefined;
    if (isUpdated) updated.push(change.name);
    if (isUpdated || change.schema.kept.length > 0) changes.push(change);
  };
  const unmatched = new Map(
    capture.bindings.map((binding) => [resourceIdentity(binding.resource, pointers), binding]),
  );
  const taken = new Set(capture.bindings.map((binding) => binding.target));
  const created = new Set<string>();
  for (const binding of input.discovered) {
    const identity = resourceIdentity(binding.resourceConfig, pointers);
    const existing = unmatched.get(identity);
    unmatched.delete(identity);
    if (existing !== undefined) {
      const model = catalog.collections.get(existing.target);
      if (model === undefined) continue;
      const schema = updateSchema(editor, model, binding.documentSchema);
      const key = updateKey(editor, model, binding);
      note({ name: model.name, schema, ...(key === undefined ? {} : { key }) });
      continue;
    }
    const wanted = collectionName(capture.name, binding.recommendedName);
    if (input.updateOnly === true) {
      skipped.push(wanted);
      continue;
    }
    let name = wanted;
    for (let n = 2; taken.has(name); n++) name = `${wanted}_${n}`;
    taken.add(name);
    const model = catalog.collections.get(name);
    if (model !== undefined) {
      note({ name, schema: updateSchema(editor, model, binding.documentSchema) });
    } else if (!created.has(name)) {
      created.add(name);
      addCollection(editor, input, name, binding);
    }
    addBinding(editor, input, name, binding);
    added.push(name);
  }
  const vanished = [...unmatched.values()]
    .filter((binding) => !binding.disable)
    .map((binding) => binding.target);
  return { files: editor.result(), added, updated, changes, vanished, skipped };
}
