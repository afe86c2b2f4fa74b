import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';

test('what tests say of themselves is printed, whether they pass or fail, and the runner’s own counts once', () => {
  const folder = mkdtempSync(join(tmpdir(), 'weir-reporter-'));
  const file = join(folder, 'said.test.ts');
  writeFileSync(
    file,
    `import { test } from 'node:test';
test('passes', (context) => context.diagnostic('SEED=7'));
test('fails', (context) => {
  context.diagnostic('SEED=8');
  throw new Error('no');
});
`,
  );
  const reporter = join(import.meta.dirname, 'test-reporter.ts');
  const env = { ...process.env };
  delete env['NODE_TEST_CONTEXT'];
  const { stdout } = spawnSync(process.execPath, ['--test', `--test-reporter=${reporter}`, file], {
    encoding: 'utf8',
    env,
  });
  rmSync(folder, { recursive: true });
  const said = stdout.split('\n').filter((line) => line.startsWith('ℹ'));
  assert.deepEqual(said.sort(), ['ℹ said.test.ts: SEED=7', 'ℹ said.test.ts: SEED=8']);
  assert.match(stdout, /\n1 passed, 1 failed, 0 skipped\n$/);
});
