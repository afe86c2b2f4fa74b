import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { runnerFlags } from './runner-flags.ts';

/** What is told of test files of this text, by name, and the exit status. */
function report(files: Readonly<Record<string, string>>) {
  const folder = mkdtempSync(join(tmpdir(), 'weir-reporter-'));
  const paths = Object.entries(files).map(([name, text]) => {
    const path = join(folder, `${name}.test.ts`);
    writeFileSync(path, `import { test } from 'node:test';\n${text}`);
    return path;
  });
  const env = { ...process.env };
  delete env['NODE_TEST_CONTEXT'];
  const { stdout, status } = spawnSync(process.execPath, [...runnerFlags(), ...paths], {
    encoding: 'utf8',
    env,
    maxBuffer: 64 * 1024 * 1024,
  });
  rmSync(folder, { recursive: true });
  return { lines: stdout.split('\n'), last: stdout.trimEnd().split('\n').at(-1), status };
}

test('what tests say of themselves is printed, whether they pass or fail, and the runner’s own counts once', () => {
  const { lines, last, status } = report({
    said: `test('passes', (context) => context.diagnostic('SEED=7'));
test('fails', (context) => {
  context.diagnostic('SEED=8');
  throw new Error('no');
});
`,
  });
  const said = lines.filter((line) => line.startsWith('ℹ'));
  assert.deepEqual(said.sort(), ['ℹ said.test.ts: SEED=7', 'ℹ said.test.ts: SEED=8']);
  assert.equal(last, '1 passed, 1 failed, 0 skipped');
  assert.equal(status, 1);
});

test('a file that ends with more to tell than a pipe holds tells it all, though it leaves a timer running', () => {
  const { lines, last, status } = report({
    many: `setInterval(() => {}, 1000);
for (let each = 0; each < 500; each += 1) test(String(each), () => {});
test('says much', (context) => context.diagnostic('x'.repeat(8 * 1024 * 1024)));
for (let each = 0; each < 500; each += 1) test('then ' + each, () => {});
`,
  });
  assert.ok(lines.some((line) => line.length > 8 * 1024 * 1024));
  assert.equal(last, '1001 passed, 0 failed, 0 skipped');
  assert.equal(status, 0);
});

test('a file that does not report all its tests has failed, though its process ended well', () => {
  const { lines, last, status } = report({
    empty: '',
    exits: `test('a', () => {}); test('b', () => process.exit(0)); test('c', () => {});`,
    whole: `test('d', () => {}); test('e', { skip: 'why' }, () => {});`,
  });
  const failures = lines
    .filter((line) => line.startsWith('✖'))
    .map((line) => /\w+(?=\.test\.ts)/.exec(line)?.[0]);
  assert.deepEqual(new Set(failures), new Set(['empty', 'exits']));
  assert.equal(last, '1 passed, 2 failed, 1 skipped');
  assert.equal(status, 1);
});

test('reports that were lost on their way are missed', () => {
  const { lines, last, status } = report({
    // Writes what looks like nothing to the runner in place of the report of a test that passes.
    loses: `const write = process.stdout.write.bind(process.stdout);
process.stdout.write = (chunk, ...rest) =>
  String(chunk).includes('test:pass') && String(chunk).includes('lost') ? rest.at(-1)?.() ?? true : write(chunk, ...rest);
test('kept', () => {}); test('lost', () => {});
`,
  });
  assert.match(
    lines.find((line) => line.startsWith('✖')) ?? '',
    /loses\.test\.ts: 2 tests by its own count, 1 reported/,
  );
  assert.equal(last, '1 passed, 1 failed, 0 skipped');
  assert.equal(status, 1);
});
