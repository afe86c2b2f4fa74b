// docs/errors.md is made from the error catalogues: `node scripts/error-docs.ts` writes it, a test holds it to them.

import type { ErrorCatalogue } from '@weir/protocol';
import { globSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { pathToFileURL } from 'node:url';

const root = dirname(import.meta.dirname);

const retryWords = {
  now: 'Retried at once.',
  backoff: 'Retried with a growing delay.',
  never: 'Not retried: it needs you.',
};

/** Every catalogue of the house by the path of its file, in path order. */
export async function loadCatalogues(): Promise<Map<string, ErrorCatalogue>> {
  const catalogues = new Map<string, ErrorCatalogue>();
  const files = globSync('{libs,packages,connectors}/**/src/**/errors.ts', {
    cwd: root,
    exclude: (path) => path.includes('node_modules'),
  }).sort();
  for (const file of files) {
    const module = (await import(pathToFileURL(join(root, file)).href)) as { catalogue?: ErrorCatalogue };
    if (module.catalogue !== undefined) catalogues.set(file, module.catalogue);
  }
  return catalogues;
}

export function renderErrorDocs(catalogues: ReadonlyMap<string, ErrorCatalogue>): string {
  const sections = [
    '# Errors',
    'Every error has a stable code. This page is made from the catalogues in the code.',
  ];
  for (const [file, catalogue] of catalogues) {
    sections.push(`## ${file.split('/').slice(1, 2).join('')}`);
    for (const [code, { summary, fix, retry }] of Object.entries(catalogue)) {
      sections.push(
        `### ${code}`,
        `${summary} ${retryWords[retry]}`,
        ...(fix === '' ? [] : [`**What to do.** ${fix}`]),
      );
    }
  }
  return `${sections.join('\n\n')}\n`;
}

if (import.meta.main) writeFileSync(join(root, 'docs/errors.md'), renderErrorDocs(await loadCatalogues()));
