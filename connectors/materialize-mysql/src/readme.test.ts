// The tables of the README are made from the schemas, the dialect and the error catalogue; UPDATE_SNAPSHOTS=1 rewrites them.

import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { NO_FIELD_CONFIG } from '@weir/materialize';
import { type SampleField, sampleProjection } from '@weir/testing';
import { mysqlDialect } from './dialect.ts';
import { endpointSchema, resourceSchema } from './endpoint-schema.ts';
import { catalogue } from './errors.ts';
import type { Flavour } from './product.ts';
import { parseTimeZone } from './time-zone.ts';

const path = fileURLToPath(new URL('../README.md', import.meta.url));

interface Node {
  readonly description?: string;
  readonly default?: unknown;
  readonly properties?: Readonly<Record<string, Node>>;
}

function configRows(node: Node, pointer: string): string[] {
  return Object.entries(node.properties ?? {}).flatMap(([name, child]) => {
    const at = `${pointer}/${name}`;
    if (child.properties !== undefined) return configRows(child, at);
    const standard = child.default === undefined ? '' : `\`${JSON.stringify(child.default)}\``;
    return [`| \`${at}\` | ${standard} | ${(child.description ?? '').replaceAll('|', String.raw`\|`)} |`];
  });
}

function configTable(schema: object): string {
  const rows = configRows(JSON.parse(JSON.stringify(schema)) as Node, '');
  return ['| field | default | meaning |', '|---|---|---|', ...rows].join('\n');
}

const samples: readonly (readonly [string, SampleField])[] = [
  ['integer', { types: ['integer'] }],
  ['integer that may leave 64 bits', { types: ['integer'], maximum: 1e20 }],
  ['number', { types: ['number'] }],
  ['boolean', { types: ['boolean'] }],
  ['object, array, several types', { types: ['object'] }],
  ['string', { types: ['string'] }],
  ['string, base64', { types: ['string'], contentEncoding: 'base64' }],
  ['string of format integer', { types: ['string'], format: 'integer' }],
  ['string of format number', { types: ['string'], format: 'number' }],
  ['string of format date', { types: ['string'], format: 'date' }],
  ['string of format date-time', { types: ['string'], format: 'date-time' }],
  ['string of format time', { types: ['string'], format: 'time' }],
  ['the document', { types: ['object'], ptr: '' }],
];

function typeOf(flavour: Flavour, sample: SampleField, isKey: boolean): string {
  const exactCollation = flavour === 'mysql' ? 'utf8mb4_0900_bin' : 'utf8mb4_nopad_bin';
  const dialect = mysqlDialect({
    product: { flavour, version: '', exactCollation, caseInsensitiveTables: false, superMayWrite: true },
    zone: parseTimeZone('UTC'),
    zoneOnServer: true,
    flags: { datetime_keys_as_string: true, native_binary_column_type: true },
  });
  const place = { isKey, config: NO_FIELD_CONFIG, resourcePath: ['t'] };
  const ddl = dialect.columnType(sampleProjection('f', sample, isKey), place)?.ddl ?? '–';
  return `\`${ddl.replace(/ COLLATE .*/, '')}\``;
}

function typeTable(): string {
  const rows = samples.map(([name, sample]) => {
    const [mysql, mariadb] = [typeOf('mysql', sample, false), typeOf('mariadb', sample, false)];
    const column = mysql === mariadb ? mysql : `${mysql}; MariaDB: ${mariadb}`;
    const key = sample.ptr === '' ? '' : typeOf('mysql', sample, true);
    return `| ${name} | ${column} | ${key} |`;
  });
  return ['| in the collection | column | in a key |', '|---|---|---|', ...rows].join('\n');
}

function generated(): Record<string, string> {
  const errors = Object.entries(catalogue).map(([code, { summary }]) => `| \`${code}\` | ${summary} |`);
  return {
    config: configTable(endpointSchema),
    resource: configTable(resourceSchema),
    types: typeTable(),
    errors: ['| code | when |', '|---|---|', ...errors].join('\n'),
  };
}

test('the README lists every field, type and error, as they are', () => {
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
