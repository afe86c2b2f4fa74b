// The catalog that the demo runs: the quickstart's own, or for another folder or port a copy of it that names them.

import { copyFileSync, globSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

export const quickstart: URL = new URL('../../../../examples/quickstart/', import.meta.url);

/** What examples/quickstart/flow.yaml names, from the folder in which the demo is started. */
export const quickstartPort = 54399;
export const quickstartFolder = '.weir-demo';

/** The path of the catalog, for a shop on this port and a copy in this folder. */
export function demoCatalog(folder: string, port: number): string {
  const source = fileURLToPath(quickstart);
  if (port === quickstartPort && folder === resolve(quickstartFolder)) return join(source, 'flow.yaml');
  const target = join(folder, 'catalog');
  mkdirSync(target, { recursive: true });
  for (const name of globSync('*.schema.yaml', { cwd: source })) {
    copyFileSync(join(source, name), join(target, name));
  }
  const text = readFileSync(join(source, 'flow.yaml'), 'utf8')
    .replace(`127.0.0.1:${quickstartPort}`, `127.0.0.1:${port}`)
    .replace(`${quickstartFolder}/shop.db`, JSON.stringify(join(folder, 'shop.db')));
  const catalog = join(target, 'flow.yaml');
  writeFileSync(catalog, text);
  return catalog;
}
