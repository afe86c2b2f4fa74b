// Another configuration for a task's endpoint, put where the old one stands: in the catalog, or in a file that it names.

import { isMap, isScalar, Scalar } from 'yaml';
import type { JsonText } from '@weir/protocol';
import type { Catalog } from '../catalog/load-catalog.ts';
import type { CaptureModel } from '../catalog/model.ts';
import { resolveAlias } from '../catalog/yaml-json.ts';
import { errors } from '../errors.ts';
import { CatalogEditor } from './catalog-editor.ts';
import { nodeFromJson, updateNode } from './yaml-edit.ts';

/** The files that change, by URL, with their new texts. Comments and order stay. Errors: DISCOVER_NOT_EDITABLE. */
export function changeConfig(
  catalog: Catalog,
  capture: CaptureModel,
  config: JsonText,
): ReadonlyMap<string, string> {
  const editor = new CatalogEditor(catalog);
  const { document } = editor.file(capture.url);
  const endpoint = resolveAlias(editor.entity('captures', capture).get('endpoint', true), document);
  const kind = capture.endpoint.connector.kind === 'image' ? 'connector' : 'local';
  const connector = isMap(endpoint) ? resolveAlias(endpoint.get(kind, true), document) : null;
  if (!isMap(connector)) {
    throw errors.DISCOVER_NOT_EDITABLE({ message: `The endpoint of ${capture.name} cannot be found.` });
  }
  const old = resolveAlias(connector.get('config', true), document);
  const wanted = nodeFromJson(config);
  if (isScalar(old) && typeof old.value === 'string') {
    const url = new URL(old.value, capture.url).href;
    const external = editor.file(url);
    const changed = updateNode(external.document.contents, wanted, external);
    external.document.contents = changed as typeof external.document.contents;
    editor.touch(url);
  } else {
    connector.set(new Scalar('config'), updateNode(old, wanted, editor.file(capture.url)));
    editor.touch(capture.url);
  }
  return editor.result();
}
