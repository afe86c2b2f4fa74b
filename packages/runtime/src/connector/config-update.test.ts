import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ConfigUpdates } from './config-update.ts';
import { LogDecoder } from './ops-log.ts';

function updatesOf(keep: (config: string) => void) {
  const failures: unknown[] = [];
  const onFailure = (failure: unknown): void => void failures.push(failure);
  return { failures, updates: new ConfigUpdates({ connector: 'sample', keep, onFailure }) };
}

test('[G10] what could not be kept is held, and the end waits until it is', async () => {
  const tried: string[] = [];
  const { failures, updates } = updatesOf((config) => {
    if (tried.push(config) < 3) throw new Error('the disk is full');
  });
  updates.take('{"a":1}');
  await updates.settled();
  assert.deepEqual(tried, ['{"a":1}', '{"a":1}', '{"a":1}']);
  assert.equal(failures.length, 2);
  await updates.settled();
  updates.stop();
  assert.equal(tried.length, 3);
});

test('a stop tries what is held a last time, and the end then tells why it was not kept', async () => {
  let tried = 0;
  const { failures, updates } = updatesOf(() => {
    tried += 1;
    throw new Error('the disk is full');
  });
  updates.take('{"a":1}');
  const ended = assert.rejects(updates.settled(), /the disk is full/);
  updates.stop();
  await ended;
  assert.ok(tried >= 2 && failures.length === tried);
});

test('the last of two announcements is the one that is kept', async () => {
  const kept: string[] = [];
  let isFull = true;
  const { updates } = updatesOf((config) => {
    if (isFull) throw new Error('the disk is full');
    kept.push(config);
  });
  updates.take('{"a":1}');
  isFull = false;
  updates.take('{"a":2}');
  await updates.settled();
  assert.deepEqual(kept, ['{"a":2}']);
});

test('an encrypted configuration is refused by name, and not kept', async () => {
  const kept: string[] = [];
  const { updates } = updatesOf((config) => kept.push(config));
  updates.take('{"credentials":{"refresh_token_sops":"ENC[…]"},"sops":{"encrypted_suffix":"_sops"}}');
  await assert.rejects(updates.settled(), { code: 'CONNECTOR_CONFIG_ENCRYPTED' });
  assert.deepEqual(kept, []);
});

test('[G9] an announcement that was cut off shows nothing of what it holds', () => {
  const line =
    '{"ts":"2024-05-05T05:00:00Z","level":"info","message":"the configuration has changed","fields":{"eventType":"configUpdate","config":{"credentials":{"refresh_token":"hush"}}}}';
  for (let length = 0; length <= line.length; length++) {
    const decoder = new LogDecoder(() => new Date(0));
    const logs = [...decoder.push(Buffer.from(line.slice(0, length))), ...decoder.end()];
    if (length === line.length) assert.deepEqual(logs[0]?.fields['eventType'], 'configUpdate');
    else assert.doesNotMatch(JSON.stringify(logs), /hus|refresh/, line.slice(0, length));
  }
});

test('[G9] an announcement that is longer than a line may be shows nothing of what it holds, and the next line is a log', () => {
  const filler = 'x'.repeat(LogDecoder.maxLineLength);
  const line = `{"fields":{"eventType":"configUpdate","config":{"filler":"${filler}","refresh_token":"hush"}}}\nnext`;
  const decoder = new LogDecoder(() => new Date(0));
  const logs = [];
  for (let at = 0; at < line.length; at += 65_537)
    logs.push(...decoder.push(Buffer.from(line.slice(at, at + 65_537))));
  logs.push(...decoder.end());
  assert.equal(logs.length, 2);
  assert.match(logs[0]?.message ?? '', /cut off/);
  assert.equal(logs[1]?.message, 'next');
});
