// A catalog that is changed in place: copies of its files, of which those that were changed are printed again.

import { isMap, type YAMLMap } from 'yaml';
import type { Catalog } from '../catalog/load-catalog.ts';
import { Problems } from '../catalog/place.ts';
import { SourceFile } from '../catalog/source-file.ts';
import { resolveAlias } from '../catalog/yaml-json.ts';
import { errors } from '../errors.ts';
import { printDocument } from './yaml-edit.ts';

export class CatalogEditor {
  readonly #catalog: Catalog;
  readonly #documents = new Map<string, { file: SourceFile; changed: boolean }>();
  readonly #newFiles = new Map<string, string>();

  constructor(catalog: Catalog) {
    this.#catalog = catalog;
  }

  /** A copy of a file of the catalog that may be changed. */
  file(url: string): SourceFile {
    const open = this.#documents.get(url);
    if (open !== undefined) return open.file;
    const original = this.#catalog.files.get(url);
    if (original === undefined || !url.startsWith('file:')) {
      throw errors.DISCOVER_NOT_EDITABLE({ message: `${url} is not a file that can be changed.` });
    }
    const file = new SourceFile(url, original.text, new Problems());
    this.#documents.set(url, { file, changed: false });
    return file;
  }

  touch(url: string): void {
    const open = this.#documents.get(url);
    if (open !== undefined) open.changed = true;
  }

  create(url: string, text: string): void {
    this.#newFiles.set(url, text);
  }

  isNew(url: string): boolean {
    return this.#newFiles.has(url);
  }

  /** The map of one entity, `captures` or `collections`, in its file. */
  entity(
    section: 'captures' | 'collections',
    model: { readonly url: string; readonly name: string },
  ): YAMLMap {
    const { document } = this.file(model.url);
    const root = resolveAlias(document.contents, document);
    const entities = isMap(root) ? resolveAlias(root.get(section, true), document) : null;
    const entity = isMap(entities) ? resolveAlias(entities.get(model.name, true), document) : null;
    if (isMap(entity)) return entity;
    throw errors.DISCOVER_NOT_EDITABLE({
      message: `${model.name} cannot be found in ${this.file(model.url).name}.`,
    });
  }

  result(): Map<string, string> {
    const texts = new Map(this.#newFiles);
    for (const [url, { file, changed }] of this.#documents) {
      const text = changed ? printDocument(file.document, file) : file.text;
      if (text !== file.text) texts.set(url, text);
    }
    return texts;
  }
}
