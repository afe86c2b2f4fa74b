import assert from 'node:assert/strict';
import { createHmac } from 'node:crypto';
import { test } from 'node:test';
import { webhookCapture } from '@weir/cdk';
import { lintConfigSchema } from '@weir/schema';
import { matchSnapshot } from '@weir/testing';
import { WebhookHost } from '@weir/testing/api';
import { sample } from '../src/sample.ts';

const capture = webhookCapture(sample);

test('the schema of the configuration keeps the guidelines, and the plan is as recorded', () => {
  assert.deepEqual(lintConfigSchema(capture.spec.configSchema), []);
  matchSnapshot(import.meta.url, 'plan.txt', capture.explain?.(undefined) ?? '');
});

function signed(body: string, id: string): Record<string, string> {
  const timestamp = String(Math.floor(Date.now() / 1000));
  const signature = createHmac('sha256', 'the secret').update(`${timestamp}.${body}`).digest('hex');
  return { 'x-webhook-signature': signature, 'x-webhook-timestamp': timestamp, 'x-webhook-delivery': id };
}

test('a signed webhook is answered once it is committed, and is in the collection of its type', async () => {
  await using host = await WebhookHost.start(capture, { signing_secret: 'the secret', webhook_port: 0 }, [
    { resource: { name: 'orders' } },
    { resource: { name: 'others' } },
  ]);
  const order = '{"type":"order","total":12.50}';
  assert.equal((await host.post('/', order, signed(order, 'd1'))).status, 200);
  const other = '{"type":"news"}';
  assert.equal((await host.post('/', other, signed(other, 'd2'))).status, 200);
  assert.equal((await host.post('/', order, signed(other, 'd3'))).status, 401);
  assert.deepEqual(
    host.documents.map(({ binding, doc }) => [binding, doc['type'], doc._meta['webhookId']]),
    [
      [0, 'order', 'd1'],
      [1, 'news', 'd2'],
    ],
  );
});
