// The files of a new connector: those of a template (examples/templates), under its own name. The templates are connectors
// themselves, compiled and tested where they lie.

import {
  cpSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { errors } from '../errors.ts';

export const TEMPLATES = ['rest', 'graphql', 'webhook', 'database'] as const;
export type Template = (typeof TEMPLATES)[number];

const project = join(import.meta.dirname, '..', '..', '..', '..');

export interface NewConnector {
  readonly name: string;
  readonly template: Template;
  /** The folder that gets a folder of the connector's name; where built-in connectors are when absent. */
  readonly into?: string | undefined;
}

/** Returns the files that were made, from the folder that was made. */
export function makeConnector({ name, template, into }: NewConnector): { folder: string; files: string[] } {
  if (!/^source-[a-z][a-z0-9]*(-[a-z0-9]+)*$/.test(name)) {
    throw errors.NEW_NAME_INVALID({ message: `${JSON.stringify(name)} is no name of a connector.` });
  }
  const folder = join(into ?? join(project, 'connectors'), name);
  if (existsSync(folder)) throw errors.NEW_EXISTS({ message: `${folder} is there already.` });
  makeFolder(dirname(folder));
  cpSync(join(project, 'examples', 'templates', template), folder, { recursive: true });
  const files = readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => rename(join(entry.parentPath, entry.name), name))
    .sort();
  // Elsewhere the packages of Weir are found through a link: they are on no registry.
  if (into !== undefined) symlinkSync(join(project, 'node_modules'), join(folder, 'node_modules'));
  return { folder, files: files.map((file) => file.slice(folder.length + 1)) };
}

function makeFolder(folder: string): void {
  try {
    mkdirSync(folder, { recursive: true });
  } catch (cause) {
    const { message } = cause as Error;
    throw errors.NEW_FOLDER_UNUSABLE({ message: `The folder ${folder} cannot be made: ${message}.`, cause });
  }
}

/** `source-my-shop` is `my-shop` in names of files, `myShop` in code and `My Shop` for people. */
function rename(path: string, name: string): string {
  const short = name.slice('source-'.length);
  const words = short.split('-').map((word) => word.charAt(0).toUpperCase() + word.slice(1));
  const pascal = words.join('');
  const text = readFileSync(path, 'utf8')
    .replaceAll('source-sample', name)
    .replaceAll(/(?<=['"/.-])sample(?=(\.test)?\.ts)/g, short)
    .replaceAll('fakeSample', `fake${pascal}`)
    .replaceAll(/\bSample\b/g, words.join(' '))
    .replaceAll(/\bsample\b/g, pascal.charAt(0).toLowerCase() + pascal.slice(1));
  writeFileSync(path, text);
  const renamed = join(dirname(path), basename(path).replace('sample', short));
  if (renamed !== path) renameSync(path, renamed);
  return renamed;
}
