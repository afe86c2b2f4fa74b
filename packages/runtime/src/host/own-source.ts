// Where an import of one of this project's own sources leads, with at most one look at the disk. Node asks the file system
// several times for each of some 250 modules that a connector is made of, which is a third of the CPU time of its start.
//
// Only what names a TypeScript source of the project by path, from another one, is answered; these have no second name,
// and package.json says of all of them that they are modules. Everything else is Node's to find.

import { lstatSync } from 'node:fs';

const projectUrl = new URL('../../../../', import.meta.url).href;

/** Connectors under work are here, too, whose mistakes Node explains better. */
const connectorsUrl = `${projectUrl}connectors/`;

function isOwn(url: string): boolean {
  return url.startsWith(projectUrl) && !url.includes('/node_modules/', projectUrl.length - 1);
}

/** The module's URL; undefined for what Node has to find. */
export function ownSource(specifier: string, importer: string | undefined): string | undefined {
  if (importer === undefined || !specifier.endsWith('.ts') || !isOwn(importer)) return undefined;
  if (!specifier.startsWith('./') && !specifier.startsWith('../')) return undefined;
  const { href } = new URL(specifier, importer);
  if (!isOwn(href)) return undefined;
  if (href.startsWith(connectorsUrl) && !isFile(href)) return undefined;
  return href;
}

/** Of its own: not by a link. */
function isFile(href: string): boolean {
  return lstatSync(new URL(href), { throwIfNoEntry: false })?.isFile() === true;
}

/** A package of the workspace, imported within it. */
export function isOwnPackage(specifier: string, importer: string | undefined): boolean {
  return specifier.startsWith('@weir/') && importer !== undefined && isOwn(importer);
}
