// Once everything is installed, a start asks neither npm nor apt for anything, so that it works without a network.

import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { chmodSync, existsSync, readFileSync, writeFileSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { test } from 'node:test';
import { missingPostgres, temporaryDirectory } from '@weir/testing';

const root = join(import.meta.dirname, '..');
const stamp = join(root, 'node_modules', '.weir-installed');
const lock = createHash('sha256')
  .update(readFileSync(join(root, 'package-lock.json')))
  .digest('hex');
const isInstalled = existsSync(stamp) && readFileSync(stamp, 'utf8') === lock;
const services = missingPostgres(15) || !existsSync('/usr/sbin/sshd');
const skip = !isInstalled ? 'not installed by `npm test`' : services ? 'a service is missing' : false;

test('a second start installs nothing', { skip }, () => {
  using folder = temporaryDirectory();
  const asked = join(folder.path, 'asked');
  for (const name of ['npm', 'apt-get']) {
    const program = join(folder.path, name);
    writeFileSync(program, `#!/bin/sh\necho "${name} $*" >> "${asked}"\nexit 1\n`);
    chmodSync(program, 0o755);
  }
  const { stdout, stderr } = spawnSync(
    process.execPath,
    [join(root, 'scripts', 'bootstrap.mjs'), 'test', 'no/such/file'],
    { encoding: 'utf8', env: { ...process.env, PATH: `${folder.path}${delimiter}${process.env['PATH']}` } },
  );
  assert.match(stdout + stderr, /no test file matches/);
  assert.equal(existsSync(asked) ? readFileSync(asked, 'utf8') : '', '');
});
