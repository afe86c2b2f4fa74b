// The command as a user runs it: bin/weir.js as a process of its own.

import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';

const bin = join(import.meta.dirname, '..', '..', 'bin', 'weir.js');
const fake = join(import.meta.dirname, '..', '..', '..', 'runtime', 'test', 'fake-connector.mjs');
const folder = mkdtempSync(join(tmpdir(), 'weir-cli-'));
after(() => rmSync(folder, { recursive: true }));

function weir(...args: string[]): { status: number | null; stdout: string; stderr: string } {
  const { status, stdout, stderr } = spawnSync(process.execPath, [bin, ...args], {
    cwd: folder,
    encoding: 'utf8',
  });
  return { status, stdout, stderr };
}

function catalog(name: string, text: string): string {
  writeFileSync(join(folder, name), text);
  return name;
}

const hello = `# Greetings.
captures:
  acme/hello:
    endpoint: {connector: {image: "ghcr.io/estuary/source-hello-world:v1", config: {rate: 1000}}}
`;

test('spec prints the schemas of a connector, named by image or by task', () => {
  const byImage = weir('spec', 'source-hello-world');
  const byTask = weir('spec', '--source', catalog('spec.yaml', hello));
  assert.equal(byImage.status, 0, byImage.stderr);
  assert.equal(byImage.stdout, byTask.stdout);
  const spec = JSON.parse(byImage.stdout) as { protocol: number; resourcePathPointers: string[] };
  assert.equal(spec.protocol, 3032023);
  assert.deepEqual(spec.resourcePathPointers, ['/name']);
});

test('discover writes bindings and collections once, and prints them raw when asked', () => {
  const source = catalog('discover.yaml', hello);
  const first = weir('discover', '--source', source);
  assert.equal(first.status, 0, first.stderr);
  assert.match(first.stderr, /added +acme\/events/);
  const text = readFileSync(join(folder, source), 'utf8');
  assert.match(text, /^# Greetings\.\n[^]*target: acme\/events\ncollections:\n {2}acme\/events:\n/);
  assert.match(weir('discover', '--source', source).stderr, /nothing to change/);
  assert.equal(readFileSync(join(folder, source), 'utf8'), text);
  const raw = JSON.parse(weir('discover', '--source', source, '--emit-raw').stdout) as {
    recommendedName: string;
  };
  assert.equal(raw.recommendedName, 'events');
});

test('discover keeps a redaction written by hand, and says which key and places it changed', () => {
  const found = readFileSync(join(folder, 'discover.yaml'), 'utf8');
  const edited = found
    .replace(/( +)message:\n/, '$1gone: {type: string}\n$&$1  redact: {strategy: block} # private\n')
    .replace('key: [/ts]', 'key: [/message]');
  const source = catalog('redact.yaml', edited);
  assert.notEqual(edited, found);
  const dry = weir('discover', '--source', source, '--dry-run');
  assert.match(dry.stderr, /removed acme\/events \/properties\/gone\n[^]*would write redact\.yaml/);
  assert.equal(readFileSync(join(folder, source), 'utf8'), edited);
  const { status, stderr } = weir('discover', '--source', source);
  assert.equal(status, 0, stderr);
  assert.match(stderr, /changed acme\/events key \["\/message"\] is \["\/ts"\] now\n/);
  const text = readFileSync(join(folder, source), 'utf8');
  assert.equal(text, edited.replace(/ +gone: {type: string}\n/, '').replace('key: [/message]', 'key: [/ts]'));
});

test('preview waits between the transactions of a session as long as it is asked to', () => {
  const source = catalog('delay.yaml', readFileSync(join(folder, 'discover.yaml'), 'utf8'));
  const started = performance.now();
  const { status, stdout, stderr } = weir('preview', '-s', source, '--sessions', '3', '--delay', '400ms');
  assert.equal(status, 0, stderr);
  assert.ok(performance.now() - started >= 800);
  assert.match(stdout, /^\["acme\/events",\{/);
  assert.match(
    weir('preview', '--delay', '1s', '--fixture', '-').stderr,
    /cannot be used with option '--fixture/,
  );
});

test('an error is one line with task and code, one with what to do, and exit status 1', () => {
  const typo = weir('discover', '--source', catalog('typo.yaml', hello.replace('endpoint', 'endpont')));
  assert.equal(typo.status, 1);
  assert.match(
    typo.stderr,
    /^weir: CATALOG_INVALID: typo\.yaml:4:5: Unknown key "endpont" in acme\/hello\. Did you mean "endpoint"\?\n/,
  );
  assert.doesNotMatch(typo.stderr, / at /);
  const unknown = weir('spec', 'source-nonsense');
  assert.equal(unknown.status, 1);
  assert.match(
    unknown.stderr,
    /^source-nonsense: CONNECTOR_UNKNOWN: [^\n]*\n[^\n]*source-hello-world[^\n]*\n$/,
  );
  assert.match(
    weir('discover', '--source', 'none.yaml').stderr,
    /^weir: CATALOG_UNREADABLE: Cannot read none\.yaml/,
  );
});

test('[G9] the failure of a connector is told once, with its code and without its secrets', () => {
  const last = JSON.stringify({
    level: 'error',
    message: 'LOGIN_FAILED: hunter2 is wrong.',
    fields: { code: 'LOGIN_FAILED' },
  });
  const script = JSON.stringify({ exit: { after: 'discover', code: 1, stderr: `${last}\n` } });
  const command = JSON.stringify([process.execPath, fake, script]);
  const source = catalog(
    'fails.yaml',
    `captures:\n  acme/bad:\n    endpoint: {local: {command: ${command}, config: {password: hunter2}}}\n`,
  );
  const failed = weir('discover', '--source', source);
  assert.deepEqual([failed.status, failed.stderr], [1, 'acme/bad: LOGIN_FAILED: *** is wrong.\n']);
});

test('every command explains itself', () => {
  for (const command of ['spec', 'discover', 'preview', 'run']) {
    const help = weir(command, '--help');
    assert.equal(help.status, 0);
    assert.match(help.stdout, /--source <file>/);
  }
});

test('a demo for a time that is no number does not start', () => {
  for (const flag of ['--seconds', '--rate']) {
    const failed = weir('demo', flag, 'abc');
    assert.equal(failed.status, 1);
    assert.match(failed.stderr, /argument 'abc' is invalid\. It has to be a number above 0\./);
  }
});
