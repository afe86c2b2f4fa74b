import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { temporaryDirectory } from '@weir/testing';
import type { OpsLog } from '../connector/ops-log.ts';
import { KeptConfigs } from './kept-configs.ts';

const configOf = (refresh: string, more = ''): string =>
  `{"site":"acme","big":9007199254740993,"ratio":1.5${more},"credentials":{"id":"c","refresh_token":"${refresh}","access_token":"${refresh}-a"}}`;

/** As a connector announces it: its log knows no numbers above 2^53. */
const announcedOf = (refresh: string): string =>
  `{"site":"acme","big":"9007199254740993","ratio":1.5,"credentials":{"id":"c","refresh_token":"${refresh}","access_token":"${refresh}-a","expires":"soon"}}`;

const keptOf = (refresh: string, more = ''): string =>
  configOf(refresh, more).replace('}}', ',"expires":"soon"}}');

test('[G10] what was renewed stands over the catalog, also after other members of it were edited', () => {
  using folder = temporaryDirectory();
  const configs = new KeptConfigs(folder.path);
  assert.equal(configs.current('acme/a', configOf('r0')), configOf('r0'));
  configs.keep('acme/a', configOf('r0'), announcedOf('r1'));
  assert.equal(configs.current('acme/a', configOf('r0')), keptOf('r1'));
  assert.equal(configs.current('acme/a', configOf('r0', ',"start":"2024"')), keptOf('r1', ',"start":"2024"'));
  assert.equal(configs.current('acme/b', configOf('r0')), configOf('r0'));
  // Renewed once more, in a session that began with the edited one.
  configs.keep('acme/a', configOf('r0', ',"start":"2024"'), announcedOf('r2'));
  assert.equal(new KeptConfigs(folder.path).current('acme/a', configOf('r0')), keptOf('r2'));
});

test('once the catalog has other tokens, those are used, and it is said', () => {
  using folder = temporaryDirectory();
  const configs = new KeptConfigs(folder.path);
  configs.keep('acme/a', configOf('r0'), announcedOf('r1'));
  const logs: OpsLog[] = [];
  assert.equal(
    configs.current('acme/a', configOf('new'), (log) => logs.push(log)),
    configOf('new'),
  );
  assert.deepEqual(
    logs.map(({ level, fields }) => [level, fields['members']]),
    [['warn', ['credentials/refresh_token', 'credentials/access_token', 'credentials/expires']]],
  );
  assert.doesNotMatch(JSON.stringify(logs), /r1|r0|new-a/);
});

test('a kept file that is none is an error that names it, not the spent tokens of the catalog', () => {
  using folder = temporaryDirectory();
  const configs = new KeptConfigs(folder.path);
  configs.keep('acme/a', configOf('r0'), announcedOf('r1'));
  const [name = ''] = readdirSync(join(folder.path, 'configs'));
  for (const text of ['', '{}', '{"members":[1]}', '{"members":[{"at":["a"]}]}']) {
    writeFileSync(join(folder.path, 'configs', name), text);
    assert.throws(() => configs.current('acme/a', configOf('r0')), { code: 'RUNTIME_STATE_UNUSABLE' });
  }
});

test('[G10] a file system that takes only a part of a configuration is an error, and the one before stays', () => {
  using folder = temporaryDirectory();
  new KeptConfigs(folder.path).keep('acme/a', configOf('r0'), announcedOf('r1'));
  const [name = ''] = readdirSync(join(folder.path, 'configs'));
  const before = readFileSync(join(folder.path, 'configs', name), 'utf8');
  const module = join(import.meta.dirname, 'kept-configs.ts');
  const program = `
    const { KeptConfigs } = await import(${JSON.stringify(module)});
    const large = JSON.stringify({ refresh_token: 'r'.repeat(100_000) });
    try {
      new KeptConfigs(${JSON.stringify(folder.path)}).keep('acme/a', '{}', large);
      console.log('kept');
    } catch (error) {
      console.log(error.code);
    }`;
  // Files of this process end at 4 or 8 KiB.
  const { stdout, stderr } = spawnSync(
    'sh',
    ['-c', 'ulimit -f 8 && exec "$0" "$@"', process.execPath, '--input-type=module', '-e', program],
    { encoding: 'utf8', env: { ...process.env, NODE_COMPILE_CACHE: undefined } },
  );
  assert.equal(stdout.trim(), 'DISK_FULL', stderr);
  assert.equal(readFileSync(join(folder.path, 'configs', name), 'utf8'), before);
});
