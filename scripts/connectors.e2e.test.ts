// What every connector has to have, so that a new one cannot forget it.

import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { globSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { test } from 'node:test';
import { lintConfigSchema } from '@weir/schema';

const root = dirname(import.meta.dirname);
const connectors = globSync('connectors/*/package.json', { cwd: root }).map((file) => dirname(file));

interface Spec {
  readonly configSchema: { readonly required?: readonly string[] };
  readonly oauth2?: object | null;
  readonly resourceConfigSchema: object;
}

/** What the connector answers to Spec, as a process of its own. */
function specOf(connector: string): Spec {
  const { stdout, stderr } = spawnSync(process.execPath, [join(root, connector, 'src/main.ts')], {
    encoding: 'utf8',
    env: { ...process.env, FLOW_RUNTIME_CODEC: 'json' },
    input: '{"spec":{"connectorType":"IMAGE","config":{}}}\n',
  });
  const [line = ''] = stdout.split('\n');
  assert.notEqual(line, '', stderr);
  return (JSON.parse(line) as { spec: Spec }).spec;
}

const specs = new Map(connectors.map((connector) => [connector, specOf(connector)]));

test('the schemas that each connector answers with pass the lint', () => {
  assert.ok(connectors.length > 0);
  for (const [connector, spec] of specs) {
    assert.deepEqual(lintConfigSchema(spec.configSchema), [], `${connector}: configuration`);
    assert.deepEqual(lintConfigSchema(spec.resourceConfigSchema), [], `${connector}: resource`);
  }
});

/** Those whose credentials are there to be tried out. */
const signInOptional = new Set(['connectors/source-test']);

/** A sign-in puts what it got at /credentials, which therefore has to be there. */
function lacksCredentials({ oauth2, configSchema }: Spec): boolean {
  const signsIn = oauth2 !== undefined && oauth2 !== null;
  return signsIn && configSchema.required?.includes('credentials') !== true;
}

test('a connector that a user signs in to requires its credentials', () => {
  const without = connectors.filter((connector) => lacksCredentials(specs.get(connector) as Spec));
  assert.deepEqual(new Set(without), signInOptional);
});

test('each connector has a README, a changelog and labels that name its protocol', () => {
  for (const connector of connectors) {
    const files = globSync('{README,CHANGELOG}.md', { cwd: join(root, connector) });
    assert.deepEqual(files.sort(), ['CHANGELOG.md', 'README.md'], connector);
    const { weir } = JSON.parse(readFileSync(join(root, connector, 'package.json'), 'utf8')) as {
      weir: { labels: Record<string, string> };
    };
    const protocol = connector.includes('/source-') ? 'capture' : 'materialize';
    assert.equal(weir.labels['FLOW_RUNTIME_PROTOCOL'], protocol, connector);
  }
});
