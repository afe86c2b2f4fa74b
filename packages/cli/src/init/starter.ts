// Makes the catalog in a folder of its own beside its place, so that nothing is seen of it before it is whole: first the
// capture, then what the source was found to hold, then the materialization of that.

import {
  chmodSync,
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { basename, dirname, join } from 'node:path';
import type { JsonText } from '@weir/protocol';
import {
  addMaterialization,
  type Catalog,
  discoverBindings,
  examineTask,
  type Finding,
  loadCatalog,
  mergeDiscovered,
  type OpsLog,
  type ResolveOptions,
  type StarterBinding,
  starterCatalog,
  type StarterTask,
  writeFiles,
} from '@weir/runtime';
import type { SchemaNode } from '@weir/schema/config';
import { errors } from '../errors.ts';

export interface StarterOptions extends ResolveOptions {
  readonly onLog: (log: OpsLog) => void;
  readonly signal: AbortSignal;
}

export class Starter implements Disposable {
  /** Where the catalog is to be. */
  readonly #target: string;
  readonly #folder: string;
  readonly #options: StarterOptions;
  /** The catalog with what the source was found to hold, and nothing else. */
  #discovered = '';

  constructor(target: string, options: StarterOptions) {
    this.#target = target;
    this.#options = options;
    this.#folder = folderBeside(target);
  }

  get #catalog(): string {
    return join(this.#folder, basename(this.#target));
  }

  /** Asks the source what it holds; returns the collections. Throws what keeps it from being reached. */
  async discover(capture: StarterTask): Promise<readonly string[]> {
    for (const name of readdirSync(this.#folder)) rmSync(join(this.#folder, name));
    this.#write(starterCatalog(capture));
    const catalog = await loadCatalog(this.#catalog);
    const model = catalog.captures.get(capture.name);
    if (model === undefined) throw new TypeError(`no capture ${capture.name}`);
    const { onLog, signal } = this.#options;
    const found = await discoverBindings(model, { ...this.#options, onLog, signal });
    if (found.bindings.length === 0) {
      throw errors.INIT_NOTHING_FOUND({
        message: `${capture.name}: the source was reached, and offers nothing to capture.`,
      });
    }
    const { files, added } = mergeDiscovered({
      catalog,
      capture: model,
      discovered: found.bindings,
      resourcePathPointers: found.resourcePathPointers,
      exists: (url) => existsSync(join(dirname(this.#target), basename(url))),
    });
    writeFiles(files);
    this.#discovered = readFileSync(this.#catalog, 'utf8');
    return added;
  }

  /** Adds the destination of every binding that is not disabled, in the place of one that was added before. */
  async materialize(task: StarterTask, resourceSchema: JsonText): Promise<void> {
    this.#write(this.#discovered);
    const { captures } = await loadCatalog(this.#catalog);
    const bindings = [...captures.values()].flatMap((capture) => capture.bindings);
    const collections = bindings.filter(({ disable }) => !disable).map(({ target }) => target);
    const tables = tablesOf(collections, JSON.parse(resourceSchema) as SchemaNode);
    this.#write(addMaterialization(this.#discovered, task, tables));
  }

  /** What keeps a task from running, and what may hurt it. */
  async examine(name: string, kind: 'capture' | 'materialization'): Promise<readonly Finding[]> {
    const catalog: Catalog = await loadCatalog(this.#catalog);
    return examineTask(catalog, { name, kind }, undefined, { ...this.#options, taskName: name });
  }

  /** Puts the files in their places; returns their names, the catalog's first. */
  finish(): readonly string[] {
    const names = readdirSync(this.#folder).sort();
    const catalog = basename(this.#target);
    chmodSync(this.#catalog, 0o600);
    for (const name of names) renameSync(join(this.#folder, name), join(dirname(this.#target), name));
    return [catalog, ...names.filter((name) => name !== catalog)];
  }

  #write(text: string): void {
    writeFileSync(this.#catalog, text);
  }

  [Symbol.dispose](): void {
    rmSync(this.#folder, { recursive: true, force: true });
  }
}

/** Each collection as a table of its last name; those that share one have more of their names, until each has its own. */
export function tablesOf(collections: readonly string[], resourceSchema: SchemaNode): StarterBinding[] {
  const properties = Object.entries(resourceSchema.properties ?? {});
  const property = properties.find(([, node]) => 'x-collection-name' in node)?.[0] ?? 'table';
  const name = (collection: string, parts: number): string => collection.split('/').slice(-parts).join('_');
  return collections.map((source) => {
    let parts = 1;
    const isShared = (): boolean =>
      collections.filter((other) => name(other, parts) === name(source, parts)).length > 1;
    while (parts < source.split('/').length && isShared()) parts += 1;
    return { source, resource: { [property]: name(source, parts) } };
  });
}

/** Its mode lets nobody else in: the configs hold secrets. */
function folderBeside(target: string): string {
  const folder = dirname(target);
  try {
    return mkdtempSync(join(folder, '.weir-init-'));
  } catch (cause) {
    const { message } = cause as Error;
    throw errors.INIT_FOLDER_UNUSABLE({ message: `Nothing can be made in ${folder}: ${message}.`, cause });
  }
}
