// Reads a catalog: the file, everything that it imports (each file once, so imports may form a cycle), and every file
// that configs and schemas name. All problems are reported together, each with its file, line and column.

import type { CaptureModel, CollectionModel, MaterializationModel } from './model.ts';
import { didYouMean } from './did-you-mean.ts';
import { isEntityName } from './names.ts';
import { formatPlace, Problems } from './place.ts';
import type { Place } from './place.ts';
import { readCapture } from './read-capture.ts';
import { readCollection } from './read-collection.ts';
import { readResources, readStorageMappings, readTests } from './read-ignored.ts';
import { readMaterialization } from './read-materialization.ts';
import { Reader } from './reader.ts';
import type { Fields } from './reader.ts';
import { SourceFiles, toUrl } from './source-file.ts';
import type { SourceFile } from './source-file.ts';

export interface Catalog {
  readonly captures: ReadonlyMap<string, CaptureModel>;
  readonly collections: ReadonlyMap<string, CollectionModel>;
  readonly materializations: ReadonlyMap<string, MaterializationModel>;
  /** The file that was asked for. */
  readonly root: SourceFile;
  /** Keys that have no effect in this runtime, each once, with its place. */
  readonly warnings: readonly string[];
  /** Every file that was read, by URL. */
  readonly files: ReadonlyMap<string, SourceFile>;
}

const topLevelKeys = [
  '$schema',
  'import',
  'captures',
  'collections',
  'materializations',
  'tests',
  'storageMappings',
  'resources',
];

type Named = { readonly place: Place };

async function readSection<M extends Named>(
  section: Reader | undefined,
  into: Map<string, M>,
  files: SourceFiles,
  read: (name: string, reader: Reader, files: SourceFiles) => Promise<M | undefined>,
): Promise<void> {
  for (const [name, reader] of section?.entries() ?? []) {
    if (!isEntityName(name)) {
      reader.fail(`"${name}" is not a name: use letters, digits, "-", "_" and ".", in parts joined by "/".`);
    }
    const earlier = into.get(name);
    if (earlier !== undefined) reader.fail(`${name} is already defined at ${formatPlace(earlier.place)}.`);
    const model = await read(name, reader, files);
    if (model !== undefined && earlier === undefined) into.set(name, model);
  }
}

function checkReferences(catalog: Catalog, problems: Problems): void {
  const known = catalog.collections;
  const check = (name: string, place: Place, role: string): void => {
    if (name === '' || known.has(name)) return;
    problems.add(
      place,
      `There is no collection "${name}" for this ${role}.${didYouMean(name, known.keys())}`,
    );
  };
  for (const capture of catalog.captures.values()) {
    for (const binding of capture.bindings) {
      if (!binding.disable) check(binding.target, binding.place, 'binding to write to');
    }
  }
  for (const materialization of catalog.materializations.values()) {
    for (const binding of materialization.bindings) {
      if (!binding.disable) check(binding.source.collection, binding.place, 'binding to read');
    }
  }
}

async function importsOf(fields: Fields, file: SourceFile, files: SourceFiles): Promise<SourceFile[]> {
  const imported: SourceFile[] = [];
  for (const item of fields.get('import')?.items() ?? []) {
    const reference = item.string();
    if (reference === undefined) continue;
    const found = await files.readNamed(reference, file, item.place);
    if (found !== undefined) imported.push(found);
  }
  return imported;
}

export interface LoadOptions {
  /** Bindings may name collections that do not exist yet: discovery is about to add them. */
  readonly allowMissingCollections?: boolean;
}

/**
 * `location` is a path or a URL.
 * Errors: CATALOG_UNREADABLE for the file itself, CATALOG_INVALID with every problem of it and what it imports.
 */
export async function loadCatalog(location: string, options: LoadOptions = {}): Promise<Catalog> {
  const problems = new Problems();
  const files = new SourceFiles(problems);
  const captures = new Map<string, CaptureModel>();
  const collections = new Map<string, CollectionModel>();
  const materializations = new Map<string, MaterializationModel>();
  const root = await files.read(toUrl(location));
  const queue = [root];
  const visited = new Set<SourceFile>();
  for (let file = queue.shift(); file !== undefined; file = queue.shift()) {
    if (visited.has(file)) continue;
    visited.add(file);
    if (file.document.errors.length > 0) continue;
    const reader = new Reader(file, file.document.contents, file.placeAt(0), '', problems);
    const fields = reader.object(topLevelKeys);
    queue.push(...(await importsOf(fields, file, files)));
    fields.get('$schema')?.string();
    readStorageMappings(fields.get('storageMappings'));
    readTests(fields.get('tests'));
    readResources(fields.get('resources'));
    await readSection(fields.get('collections'), collections, files, readCollection);
    await readSection(fields.get('captures'), captures, files, readCapture);
    await readSection(fields.get('materializations'), materializations, files, readMaterialization);
  }
  const { warnings } = problems;
  const catalog: Catalog = { captures, collections, materializations, root, warnings, files: files.all };
  if (problems.count === 0 && options.allowMissingCollections !== true) checkReferences(catalog, problems);
  problems.throwIfAny();
  return catalog;
}
