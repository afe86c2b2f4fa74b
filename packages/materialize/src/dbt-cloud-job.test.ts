// The job of dbt Cloud, against a local server in its place. That dbt Cloud itself takes part was not tested.

import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { test } from 'node:test';
import type { Logger } from '@weir/connector';
import { FULL_RANGE } from '@weir/protocol';
import { configSchema, Secret } from '@weir/schema/config';
import { checkpointAt, ConnectorHost, sampleMaterialization, sampleStore, until } from '@weir/testing';
import { checkDbtJob, DbtCloudJob, type DbtJobTrigger } from './dbt-cloud-job.ts';
import type { Materialization } from './materialization.ts';
import { serveMaterialize } from './run-materialize.ts';

class FakeCloud implements AsyncDisposable {
  readonly requests: string[] = [];
  readonly bodies: string[] = [];
  running: number[] = [];
  status = 200;
  readonly #server = createServer((request, response) => {
    let body = '';
    request.setEncoding('utf8').on('data', (text: string) => void (body += text));
    request.on('end', () => {
      this.requests.push(`${request.method ?? ''} ${request.url ?? ''}`);
      if (body !== '') this.bodies.push(body);
      const isKnown = request.headers.authorization === 'Token hunter2';
      response.statusCode = isKnown ? this.status : 401;
      response.end(JSON.stringify({ data: this.running.map((id) => ({ id })) }));
    });
  });

  async trigger(more: Partial<DbtJobTrigger> = {}): Promise<DbtJobTrigger> {
    this.#server.listen(0, '127.0.0.1');
    await once(this.#server, 'listening');
    const access_url = `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}/`;
    return { job_id: '7', account_id: '12', access_url, api_key: new Secret('hunter2'), ...more };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#server.closeAllConnections();
    this.#server.close();
    await once(this.#server, 'close');
  }
}

function logInto(lines: string[]): Logger {
  const write = (line: string): void => void lines.push(line);
  return { info: write, warn: write } as unknown as Logger;
}

const listed = 'GET /api/v2/accounts/12/runs/?job_definition_id=7&status=3';
const ran = 'POST /api/v2/accounts/12/jobs/7/run/';

test('a run that goes on is left, ended, or not asked for', async () => {
  const cases = [
    ['skip', [], [listed, ran]],
    ['skip', [1], [listed]],
    [
      'replace',
      [1, 2],
      [listed, 'POST /api/v2/accounts/12/runs/1/cancel/', 'POST /api/v2/accounts/12/runs/2/cancel/', ran],
    ],
    ['ignore', [1], [ran]],
  ] as const;
  for (const [mode, running, expected] of cases) {
    await using cloud = new FakeCloud();
    cloud.running = [...running];
    const trigger = await cloud.trigger({ mode, cause: 'new "rows"' });
    {
      await using job = new DbtCloudJob(trigger, logInto([]));
      job.dataIsThere();
    }
    assert.deepEqual(cloud.requests, expected, mode);
    if (cloud.requests.includes(ran)) assert.deepEqual(cloud.bodies, ['{"cause":"new \\"rows\\""}']);
  }
});

test('a session asks for the job at its start and after each transaction that stored something', async () => {
  await using cloud = new FakeCloud();
  const trigger = await cloud.trigger({ mode: 'ignore', interval: '0s' });
  const schema = configSchema({ id: 'https://example.com/config', title: 'Sample' }, {});
  const definition: Materialization<object, object> = {
    name: 'materialize-sample',
    spec: { configSchema: schema, resourceSchema: schema, documentationUrl: 'https://example.com' },
    dbtJob: () => trigger,
    validate: async () => [],
    apply: async () => ({ actionDescription: '' }),
    open: async () => ({
      pattern: 'best-effort',
      hardDelete: false,
      store: async (stores) => {
        for await (const { documents } of stores) for (const _ of documents);
      },
      commit: async () => undefined,
      [Symbol.asyncDispose]: async () => undefined,
    }),
  };
  const host = new ConnectorHost('materialize');
  const exit = serveMaterialize(definition, host);
  const materialization = { ...sampleMaterialization(), config: '{}' };
  host.send({ kind: 'open', materialization, version: '1', range: FULL_RANGE, state: '{}' });
  for (const [stores, asked] of [
    [1, 1],
    [0, 2],
    [1, 2],
    [0, 3],
  ] as const) {
    host.send({ kind: 'acknowledge' }, { kind: 'flush' });
    if (stores > 0) host.send(sampleStore({ key: [1] }));
    host.send({ kind: 'startCommit', runtimeCheckpoint: checkpointAt(1) });
    await until(`${asked} requests`, () => cloud.requests.length === asked);
  }
  host.end();
  assert.equal(await exit, 0);
  assert.deepEqual(cloud.requests, [ran, ran, ran]);
});

test('the job is not run more often than the interval says, and once more for what came within', async () => {
  await using cloud = new FakeCloud();
  await using job = new DbtCloudJob(await cloud.trigger({ mode: 'ignore', interval: '300ms' }), logInto([]));
  const started = performance.now();
  for (let count = 0; count < 5; count += 1) job.dataIsThere();
  const hold = setInterval(() => undefined, 1000);
  await until('the second run', () => cloud.requests.length === 2);
  clearInterval(hold);
  assert.ok(performance.now() - started >= 299);
});

test('a dbt Cloud that does not answer is asked once at a time, and does not hold up the end', async () => {
  let connections = 0;
  const silent = createServer(() => void (connections += 1)).listen(0, '127.0.0.1');
  await once(silent, 'listening');
  const access_url = `http://127.0.0.1:${(silent.address() as AddressInfo).port}`;
  const lines: string[] = [];
  const given = { job_id: '7', account_id: '12', access_url, api_key: new Secret('k'), interval: '0s' };
  const job = new DbtCloudJob(given, logInto(lines));
  for (let count = 0; count < 5; count += 1) job.dataIsThere();
  await until('a request', () => connections > 0);
  await job[Symbol.asyncDispose]();
  silent.closeAllConnections();
  silent.close();
  assert.equal(connections, 1);
  assert.deepEqual(lines, [
    'The job 7 of dbt Cloud was not run: the task was asked to end before dbt Cloud answered',
  ]);
});

test('an interval of months waits, though no timer is that long', async () => {
  await using cloud = new FakeCloud();
  await using job = new DbtCloudJob(await cloud.trigger({ mode: 'ignore', interval: '9000h' }), logInto([]));
  job.dataIsThere();
  await until('the first run', () => cloud.requests.length === 1);
  job.dataIsThere();
  const later = Promise.withResolvers<void>();
  setTimeout(later.resolve, 50);
  await later.promise;
  assert.equal(cloud.requests.length, 1);
});

test('[G9] what goes wrong is told in the log without the key, and ends nothing', async () => {
  await using cloud = new FakeCloud();
  const lines: string[] = [];
  const trigger = await cloud.trigger({ mode: 'ignore', interval: '0s' });
  {
    await using job = new DbtCloudJob(trigger, logInto(lines));
    cloud.status = 500;
    job.dataIsThere();
  }
  {
    await using job = new DbtCloudJob({ ...trigger, access_url: 'http://127.0.0.1:1' }, logInto(lines));
    job.dataIsThere();
  }
  assert.equal(lines.length, 2);
  assert.match(
    lines[0] ?? '',
    /^The job 7 of dbt Cloud was not run: it answered 500 to POST jobs\/7\/run\/$/,
  );
  assert.doesNotMatch(lines.join(), /hunter2/);
});

test('a trigger without a place, or with an interval that is none, is refused', () => {
  const trigger = { job_id: '1', account_id: '2', api_key: new Secret('k'), access_url: 'https://x.example' };
  checkDbtJob({ ...trigger, interval: '1h30m' });
  for (const wrong of [
    { access_url: '' },
    { interval: 'often' },
    { interval: '5' },
    { api_key: new Secret('') },
    { api_key: new Secret('hunter2\nhunter3') },
  ]) {
    assert.throws(
      () => checkDbtJob({ ...trigger, ...wrong }),
      (error: { code: string; message: string }) =>
        error.code === 'MATERIALIZE_DBT_TRIGGER' && !error.message.includes('hunter'),
    );
  }
});
