// The table of the connectors of APIs in conformance.md: its line counts are those of the files.

import assert from 'node:assert/strict';
import { globSync, readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { test } from 'node:test';

const project = join(import.meta.dirname, '..', '..', '..');

/** All that a connector is made of: lines of its sources, with comments and blank ones, but for the few that start it. */
function linesOf(connector: string): number {
  return globSync(`connectors/${connector}/src/**/*.ts`, { cwd: project })
    .filter((file) => basename(file) !== 'main.ts' && !file.endsWith('.test.ts'))
    .map((file) => readFileSync(join(project, file), 'utf8').split('\n').length - 1)
    .reduce((sum, lines) => sum + lines, 0);
}

/** The rows of the table: connector, lines, what is said of the aim. */
const rows = readFileSync(join(import.meta.dirname, '..', 'conformance.md'), 'utf8')
  .matchAll(/^\| \[(source-[\w-]+)\]\([^)]*\) \| (\d+) \| (\d+)(, missed: [^|]+)? \|/gm)
  .map(([, connector = '', lines, aim, miss]) => ({
    connector,
    lines: Number(lines),
    aim: Number(aim),
    isMissed: miss !== undefined,
  }))
  .toArray();

test('the lines of each connector of an API are as its table says, within the aim or said to miss it', () => {
  for (const { connector, lines, aim, isMissed } of rows) {
    assert.equal(linesOf(connector), lines, connector);
    assert.equal(lines > aim, isMissed, `${connector}: ${lines} lines, the aim is ${aim}`);
    assert.ok(aim === 150 || aim === 600, connector);
  }
});

test('every connector of an API is in that table', () => {
  const ofApis = globSync('connectors/*/package.json', { cwd: project })
    .filter((file) => readFileSync(join(project, file), 'utf8').includes('"@weir/cdk"'))
    .map((file) => file.split(/[\\/]/)[1] ?? '')
    // It takes webhooks alone, and asks no API.
    .filter((connector) => connector !== 'source-http-ingest');
  assert.deepEqual(rows.map(({ connector }) => connector).toSorted(), ofApis.toSorted());
});
