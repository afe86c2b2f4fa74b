// The tutorial, run as it stands: its files are written, its commands run in one shell, and what it says is printed is.

import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { createServer, type AddressInfo } from 'node:net';
import { join } from 'node:path';
import { test } from 'node:test';
import { temporaryDirectory } from '@weir/testing';

const root = join(import.meta.dirname, '..');
const page = readFileSync(join(import.meta.dirname, 'write-a-connector.md'), 'utf8');

interface Block {
  readonly language: string;
  /** Where it is to be written. */
  readonly file: string | undefined;
  readonly text: string;
}

const blocks = [...page.matchAll(/^```(\w+)(?: file=(\S+))?\n([^]*?)^```$/gm)].map(
  ([, language = '', file, text = '']): Block => ({ language, file, text }),
);
const commands = blocks
  .filter(({ language }) => language === 'sh')
  .flatMap(({ text }) => text.trimEnd().split('\n'));

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}

function script(): string {
  const steps = blocks.flatMap(({ language, file, text }) => {
    if (file !== undefined) return [`cat > ${file} <<'END-OF-FILE'\n${text}END-OF-FILE\n`];
    return language === 'sh' ? [text] : [];
  });
  return `set -euo pipefail\ntrap 'kill $(jobs -p)' EXIT\n${steps.join('')}`;
}

test('from weir new to documents in SQLite it takes ten commands', () => {
  assert.equal(commands.length, 10, commands.join('\n'));
});

test('the tutorial does what it says', async () => {
  using folder = temporaryDirectory();
  const text = script().replaceAll('8099', String(await freePort()));
  const { status, stdout, stderr } = spawnSync('bash', ['-c', text], {
    cwd: folder.path,
    encoding: 'utf8',
    env: {
      ...process.env,
      PATH: `${join(root, 'node_modules/.bin')}:${process.env['PATH']}`,
      NODE_TEST_CONTEXT: undefined,
      NO_COLOR: '1',
    },
    timeout: 240_000,
  });
  assert.equal(status, 0, `${stdout}\n${stderr}`);
  for (const { text: said } of blocks.filter(({ language }) => language === 'text')) {
    for (const line of said.trimEnd().split('\n')) assert.ok(stdout.includes(line), `${line}\n\n${stdout}`);
  }
});
