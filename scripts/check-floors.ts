// Holds the floors: reads every import of every source file and names those that climb or cross the stairs.
// Tests may import `testing`, and those of a lib anything of the house; everything else keeps to the floors.

import { globSync, readFileSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';
import { mayImport, roomOf } from './floors.ts';

const root = dirname(import.meta.dirname);

/** `@weir/<name>` → its folder, from the workspaces' package.json files. */
function packageFolders(): Map<string, string> {
  const folders = new Map<string, string>();
  for (const path of globSync('{libs,packages,connectors}/*/package.json', { cwd: root })) {
    const { name } = JSON.parse(readFileSync(join(root, path), 'utf8')) as { name: string };
    folders.set(name, dirname(path));
  }
  return folders;
}

export interface Breach {
  readonly file: string;
  readonly specifier: string;
  readonly reason: string;
}

const importPattern = /(?:from|import)\s*\(?\s*(?:'([^']+)'|"([^"]+)"|`([^`$]+)`)/g;

export function findBreaches(file: string, text: string, folders: ReadonlyMap<string, string>): Breach[] {
  const from = roomOf(file);
  if (from === undefined) return [];
  const ownFolder = file.split('/').slice(0, 2).join('/');
  const isTest = /\.(test|bench)\.[cm]?[jt]s$/.test(file) || file.includes('/test/');
  const breaches: Breach[] = [];
  for (const [, ...quoted] of text.matchAll(importPattern)) {
    const specifier = quoted.join('');
    const target = specifier.startsWith('.')
      ? relative(root, resolve(root, dirname(file), specifier))
      : folders.get(specifier.split('/').slice(0, 2).join('/'));
    if (target === undefined) continue;
    const targetFolder = target.split('/').slice(0, 2).join('/');
    if (targetFolder === ownFolder) continue;
    const to = roomOf(target);
    if (to === undefined) continue;
    if (specifier.startsWith('.')) {
      breaches.push({ file, specifier, reason: 'reaches into another package by path; import its name' });
    } else if (isTest && to === 'testing') {
      continue;
    } else if (!mayImport(from, to) && !(from === 'libs' && isTest)) {
      breaches.push({ file, specifier, reason: `${from} may not import ${to}` });
    }
  }
  return breaches;
}

if (import.meta.main) {
  const folders = packageFolders();
  const files = globSync('{libs,packages,connectors}/**/*.{ts,mts,cts,js,mjs,cjs}', {
    cwd: root,
    exclude: (path) => path.includes('node_modules'),
  });
  const breaches = files.flatMap((file) =>
    findBreaches(file, readFileSync(join(root, file), 'utf8'), folders),
  );
  for (const { file, specifier, reason } of breaches) console.error(`${file}: '${specifier}': ${reason}`);
  process.exitCode = breaches.length === 0 ? 0 : 1;
}
