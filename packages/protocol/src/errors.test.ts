import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { catalogue } from './errors.ts';

test('every error of the catalogue is documented and thrown somewhere', () => {
  const files = readdirSync(import.meta.dirname).filter((name) => /^[^.]+\.ts$/.test(name));
  const sources = files.map((name) => readFileSync(join(import.meta.dirname, name), 'utf8')).join('\n');
  for (const [code, { summary, fix }] of Object.entries(catalogue)) {
    assert.match(summary, /\.$/, code);
    assert.match(fix, /\.$/, code);
    assert.ok(sources.includes(`errors.${code}(`), `${code} is thrown nowhere`);
  }
});
