// The example in Python, run by the command as its README says.

import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { appendFileSync, cpSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { temporaryDirectory } from '@weir/testing';
import { weir } from './weir-process.ts';

const python = spawnSync('python3', ['--version']).status === 0;
// Where every service is required, it fails instead.
const skip = !python && process.env['WEIR_REQUIRE_SERVICES'] !== '1' ? 'there is no python3' : false;

const example = join(import.meta.dirname, '..', '..', '..', 'examples', 'any-language');

interface Output {
  readonly tables: Readonly<
    Record<string, Readonly<Record<string, { readonly offset: number; readonly line: string }>>>
  >;
}

function linesOf(folder: string): string[] {
  const { tables } = JSON.parse(readFileSync(join(folder, 'output.json'), 'utf8')) as Output;
  return Object.values(tables['lines'] ?? {})
    .sort((a, b) => a.offset - b.offset)
    .map(({ offset, line }) => `${offset} ${line}`);
}

test('lines captured by one script are materialized by another, each once, over two runs', { skip }, () => {
  using folder = temporaryDirectory();
  cpSync(example, folder.path, { recursive: true });
  writeFileSync(join(folder.path, 'input.txt'), 'one\ntwo\n');
  const first = weir(folder.path, 'run', '--until-caught-up');
  assert.equal(first.status, 0, `${first.stdout}\n${first.stderr}`);
  assert.deepEqual(linesOf(folder.path), ['0 one', '4 two']);
  appendFileSync(join(folder.path, 'input.txt'), 'three\n');
  const second = weir(folder.path, 'run', '--source', 'flow.yaml', '--state', '.weir', '--until-caught-up');
  assert.equal(second.status, 0, `${second.stdout}\n${second.stderr}`);
  assert.deepEqual(linesOf(folder.path), ['0 one', '4 two', '8 three']);
  const read = weir(folder.path, 'read', 'example/lines');
  const documents = read.stdout
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as { readonly line: string; readonly _meta: { readonly uuid: string } });
  assert.deepEqual(
    documents.map(({ line }) => line),
    ['one', 'two', 'three'],
  );
  for (const { _meta } of documents) assert.match(_meta.uuid, /^[0-9a-f]{8}-[0-9a-f-]{27}$/);
});
