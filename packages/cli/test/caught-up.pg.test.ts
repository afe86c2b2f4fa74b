// run --until-caught-up ends only when a capture has sent what its source holds, however long it is quiet before.

import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { missingPostgres, startPostgres, temporaryDirectory } from '@weir/testing';
import { weir, WeirProcess } from './weir-process.ts';

const schema = { type: 'object', properties: { id: { type: 'integer' } }, required: ['id'] };

function catalog(endpoint: object, resource: object): string {
  return JSON.stringify({
    captures: { 'acme/source': { endpoint, bindings: [{ resource, target: 'acme/t' }] } },
    collections: { 'acme/t': { key: ['/id'], schema } },
  });
}

test(
  'a capture that waits for a slot, while a transaction is open, is not idle',
  { skip: missingPostgres(18) },
  async () => {
    await using server = await startPostgres({ version: 18 });
    using folder = temporaryDirectory();
    await server.query('CREATE TABLE t (id int PRIMARY KEY); INSERT INTO t SELECT generate_series(1, 500)');
    const config = {
      address: `127.0.0.1:${server.port}`,
      user: 'postgres',
      database: 'postgres',
      historyMode: false,
      credentials: { auth_type: 'UserPassword', password: 'postgres' },
    };
    const endpoint = { connector: { image: 'source-postgres', config } };
    writeFileSync(join(folder.path, 'flow.json'), catalog(endpoint, { namespace: 'public', stream: 't' }));
    await using writer = await server.connect();
    await writer.query('BEGIN; INSERT INTO t VALUES (501)');
    const args = [
      'run',
      '--source',
      'flow.json',
      '--until-caught-up',
      '--idle',
      '300ms',
      '--log-level',
      'warn',
    ];
    await using run = new WeirProcess(folder.path, ...args);
    for (;;) {
      const [slot] = await server.query('SELECT confirmed_flush_lsn FROM pg_replication_slots');
      if (slot !== undefined) break;
      assert.equal(run.status, null, run.stdout);
      await delay(50);
    }
    // More than three times as long as an idle capture is given.
    await delay(2000);
    assert.equal(run.status, null, run.stdout);
    await writer.query('COMMIT');
    assert.equal(await run.ended, 0);
    const read = weir(folder.path, 'read', 'acme/t').stdout.trimEnd().split('\n');
    assert.equal(read.length, 501);
  },
);

test('a capture that sends one long transaction, slowly, is not idle', () => {
  using folder = temporaryDirectory();
  const lines = [
    '{"opened":{}}',
    ...[1, 2, 3, 4, 5].map((id) => `{"captured":{"binding":0,"doc":{"id":${id}}}}`),
  ];
  const script = `
    const requests = require('node:readline').createInterface({ input: process.stdin });
    const say = (line) => process.stdout.write(line + '\\n');
    requests.on('line', async (line) => {
      const request = JSON.parse(line);
      if (request.spec) say(JSON.stringify({ spec: { protocol: 3032023, configSchema: {}, resourceConfigSchema: {}, resourcePathPointers: ['/name'] } }));
      if (request.validate) say('{"validated":{"bindings":[{"resourcePath":["t"]}]}}');
      if (request.apply) say('{"applied":{"actionDescription":""}}');
      if (!request.open) return;
      for (const each of ${JSON.stringify(lines)}) {
        say(each);
        await new Promise((resolve) => setTimeout(resolve, 600));
      }
      say('{"checkpoint":{"state":{"updated":{},"mergePatch":true}}}');
    });`;
  const endpoint = { local: { command: [process.execPath, '-e', script], config: {} } };
  writeFileSync(join(folder.path, 'flow.json'), catalog(endpoint, { name: 't' }));
  const run = weir(folder.path, 'run', '--source', 'flow.json', '--until-caught-up', '--idle', '400ms');
  assert.equal(run.status, 0, run.stderr);
  assert.equal(weir(folder.path, 'read', 'acme/t').stdout.trimEnd().split('\n').length, 5);
});
