// The tables of the README are made from the schema and the error catalogue; UPDATE_SNAPSHOTS=1 rewrites them.

import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { test } from 'node:test';
import { endpointSchema, resourceSchema } from './config.ts';
import { catalogue } from './errors.ts';

const path = fileURLToPath(new URL('../README.md', import.meta.url));

interface Node {
  readonly type?: string | readonly string[];
  readonly description?: string;
  readonly default?: unknown;
  readonly properties?: Readonly<Record<string, Node>>;
  readonly oneOf?: readonly Node[];
  readonly 'x-hidden-field'?: boolean;
}

function configRows(node: Node, pointer: string): string[] {
  return Object.entries(node.properties ?? {}).flatMap(([name, child]) => {
    const at = `${pointer}/${name}`;
    if (child['x-hidden-field'] === true) return [];
    if (child.properties !== undefined) return configRows(child, at);
    const standard =
      child.default === undefined || child.oneOf !== undefined ? '' : `\`${JSON.stringify(child.default)}\``;
    return [`| \`${at}\` | ${standard} | ${(child.description ?? '').replaceAll('|', String.raw`\|`)} |`];
  });
}

function generated(): Record<string, string> {
  const config = [
    '| field | default | meaning |',
    '|---|---|---|',
    ...configRows(JSON.parse(JSON.stringify(endpointSchema)) as Node, ''),
  ];
  const resource = [
    '| field | default | meaning |',
    '|---|---|---|',
    ...configRows(JSON.parse(JSON.stringify(resourceSchema)) as Node, ''),
  ];
  const errors = Object.entries(catalogue).map(([code, { summary }]) => `| \`${code}\` | ${summary} |`);
  return {
    config: config.join('\n'),
    resource: resource.join('\n'),
    errors: ['| code | when |', '|---|---|', ...errors].join('\n'),
  };
}

test('the README lists every field of the configuration and every error, as they are', () => {
  const written = readFileSync(path, 'utf8');
  let expected = written;
  for (const [name, text] of Object.entries(generated())) {
    const section = new RegExp(`<!-- ${name} -->[\\s\\S]*<!-- /${name} -->`);
    assert.match(written, section);
    expected = expected.replace(section, () => `<!-- ${name} -->\n${text}\n<!-- /${name} -->`);
  }
  if (process.env['UPDATE_SNAPSHOTS'] === '1') writeFileSync(path, expected);
  else assert.equal(written, expected);
});
