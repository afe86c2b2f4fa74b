// The tables of a connector's README are made from its schemas and error catalogues; UPDATE_SNAPSHOTS=1 rewrites them.

import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import type { ErrorCatalogue } from '@weir/protocol';

interface Node {
  readonly description?: string;
  readonly default?: unknown;
  readonly properties?: Readonly<Record<string, Node>>;
  readonly oneOf?: readonly Node[];
  readonly 'x-hidden-field'?: boolean;
}

/** `test` is the file that asks, in a folder beside the README; `schemas` go by the names of their sections. */
export function checkReadmeTables(
  test: string,
  schemas: Readonly<Record<string, object>>,
  catalogue: ErrorCatalogue,
): void {
  const path = fileURLToPath(new URL('../README.md', test));
  const written = readFileSync(path, 'utf8');
  const sections = Object.entries(schemas).map(([name, schema]) => [name, fieldTable(schema)] as const);
  let expected = written;
  for (const [name, table] of [...sections, ['errors', errorTable(catalogue)] as const]) {
    const section = new RegExp(`<!-- ${name} -->[\\s\\S]*<!-- /${name} -->`);
    assert.match(written, section);
    expected = expected.replace(section, () => `<!-- ${name} -->\n${table}\n<!-- /${name} -->`);
  }
  if (process.env['UPDATE_SNAPSHOTS'] === '1') writeFileSync(path, expected);
  else assert.equal(written, expected);
}

function fieldTable(schema: object): string {
  const root = JSON.parse(JSON.stringify(schema)) as Node;
  return ['| field | default | meaning |', '|---|---|---|', ...fieldRows(root, '')].join('\n');
}

function fieldRows(node: Node, pointer: string): string[] {
  return Object.entries(node.properties ?? {}).flatMap(([name, child]) => {
    const at = `${pointer}/${name}`;
    if (child['x-hidden-field'] === true) return [];
    if (child.properties !== undefined) return fieldRows(child, at);
    const standard =
      child.default === undefined || child.oneOf !== undefined ? '' : `\`${JSON.stringify(child.default)}\``;
    return [`| \`${at}\` | ${standard} | ${(child.description ?? '').replaceAll('|', String.raw`\|`)} |`];
  });
}

function errorTable(catalogue: ErrorCatalogue): string {
  const rows = Object.entries(catalogue).map(([code, { summary }]) => `| \`${code}\` | ${summary} |`);
  return ['| code | when |', '|---|---|', ...rows].join('\n');
}
