import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import {
  FULL_RANGE,
  MAX_MESSAGE_BYTES,
  type CaptureOpenRequest,
  type CaptureResponse,
  type CollectionSpec,
} from '@weir/protocol';
import { configSchema, text } from '@weir/schema';
import { ConnectorHost } from '@weir/testing';
import { bindingPatch, bindingPatches, bindingState } from './capture-state.ts';
import type { CaptureTransaction } from './capture-output.ts';
import type { Capture, CaptureSession } from './capture.ts';
import { serveCapture } from './run-capture.ts';

const config = configSchema(
  { id: 'https://example.com/config', title: 'Sample' },
  { path: text({ title: 'Path', description: 'A path.', default: 'x' }) },
);
type Config = { readonly path: string };
type Session = CaptureSession<Config, Config, { cursor: unknown }>;

const collection: CollectionSpec = {
  name: 'acme/rows',
  key: ['/id'],
  uuidPtr: '/_meta/uuid',
  partitionFields: [],
  projections: [],
  writeSchema: '{}',
};

function open(state = '{}', bindings = 2): CaptureOpenRequest {
  return {
    kind: 'open',
    version: '0000000000000001',
    range: FULL_RANGE,
    state,
    capture: {
      name: 'acme/cap',
      connectorType: 'LOCAL',
      config: '{}',
      intervalSeconds: 300,
      inactiveBindings: [],
      bindings: Array.from({ length: bindings }, (_, index) => ({
        resourceConfig: `{"path":"t${index}"}`,
        resourcePath: [`t${index}`],
        collection,
        backfill: 0,
        stateKey: `t${index}`,
      })),
    },
  };
}

interface Run {
  readonly host: ConnectorHost<'capture'>;
  readonly exit: Promise<0 | 1>;
}

function start(pull: (session: Session) => Promise<void>, explicitAcknowledgements = false): Run {
  const capture: Capture<Config, Config, { cursor: unknown }> = {
    name: 'source-sample',
    spec: {
      configSchema: config,
      resourceSchema: config,
      documentationUrl: 'https://example.com',
      resourcePathPointers: ['/path'],
    },
    explicitAcknowledgements,
    discover: async () => [],
    validate: async (_config, bindings) => bindings.map(({ resource }) => [resource.path]),
    apply: async () => '',
    pull,
  };
  const host = new ConnectorHost('capture');
  return { host, exit: serveCapture(capture, host) };
}

function brief(response: CaptureResponse): string {
  if (response.kind === 'captured') return `${response.binding}:${response.doc.toString()}`;
  if (response.kind === 'checkpoint')
    return `checkpoint ${response.state.updated} ${response.state.mergePatch}`;
  return response.kind === 'sourcedSchema' ? `schema ${response.binding} ${response.schema}` : response.kind;
}

async function output({ host, exit }: Run): Promise<{ code: number; sent: string[]; error: unknown }> {
  const code = await exit;
  const sent = (await host.rest()).map(brief);
  const error = host.logs.filter(({ level }) => level === 'error').at(-1)?.fields['code'];
  return { code, sent, error };
}

const doc = (value: unknown): Buffer => Buffer.from(JSON.stringify(value));

test('a session has its bindings, its state with exact numbers, and sends what its pull sends', async () => {
  const run = start(async ({ bindings, state, config: { path }, output: out }) => {
    assert.deepEqual(
      bindings.map(({ index, stateKey, resource }) => [index, stateKey, resource.path]),
      [
        [0, 't0', 't0'],
        [1, 't1', 't1'],
      ],
    );
    assert.equal(path, 'x');
    assert.equal(state.cursor, 2n ** 60n);
    assert.equal(bindingState(state, 't1'), 5);
    assert.equal(bindingState(state, 'constructor'), undefined);
    await out.transaction((transaction) => {
      transaction.document(0, doc({ a: 1 }));
      transaction.documents(1, Buffer.from('{"b":1}{"c":22}'), Uint32Array.of(7, 15), 2);
      transaction.sourcedSchema(1, { type: 'object' });
      transaction.sourcedSchema(1, { type: 'object' });
      transaction.checkpoint({ cursor: 2n ** 60n + 1n });
    });
    await out.checkpoint(bindingPatch('t0', null));
    await out.checkpoint(bindingPatches([['t1', 6]]));
    await out.checkpoint('{"text":1}');
  });
  run.host.send(open('{"cursor":1152921504606846976,"bindingStateV1":{"t1":5}}'));
  const { code, sent } = await output(run);
  assert.equal(code, 0);
  assert.deepEqual(sent, [
    'opened',
    '0:{"a":1}',
    '1:{"b":1}',
    '1:{"c":22}',
    'schema 1 {"type":"object"}',
    'checkpoint {"cursor":1152921504606846977} true',
    'checkpoint {"bindingStateV1":{"t0":null}} true',
    'checkpoint {"bindingStateV1":{"t1":6}} true',
    'checkpoint {"text":1} true',
  ]);
});

test('groups sent at the same time never interleave, whatever they wait for', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.array(fc.nat(3), { maxLength: 4 }), { minLength: 1, maxLength: 8 }),
      async (groups) => {
        const run = start(async ({ output: out }) => {
          const sending = groups.map((waits, group) =>
            out.transaction(async (transaction) => {
              for (const wait of waits) {
                transaction.document(0, doc(group));
                for (let turn = 0; turn < wait; turn += 1) await Promise.resolve();
              }
              transaction.checkpoint({ group });
            }),
          );
          await Promise.all(sending);
        });
        run.host.send(open());
        const { sent } = await output(run);
        const expected = groups.flatMap((waits, group) => [
          ...waits.map(() => `0:${group}`),
          `checkpoint {"group":${group}} true`,
        ]);
        assert.deepEqual(sent.slice(1), expected);
      },
    ),
    { numRuns: 40 },
  );
});

test('a group without its checkpoint closes the output: nothing after it can commit its documents', async () => {
  const run = start(async ({ output: out }) => {
    const broken = out.transaction((transaction) => transaction.document(0, doc(1)));
    const next = out.checkpoint({ cursor: 9 });
    await assert.rejects(broken, { code: 'CAPTURE_DOCUMENTS_WITHOUT_CHECKPOINT' });
    await next;
  });
  run.host.send(open());
  const { code, sent, error } = await output(run);
  assert.deepEqual([code, error], [1, 'CAPTURE_DOCUMENTS_WITHOUT_CHECKPOINT']);
  assert.deepEqual(
    sent.filter((line) => line.startsWith('checkpoint')),
    [],
  );
});

test('a group that breaks off ends the session, also of a pull that has seen the failure and waits', async () => {
  for (const end of ['returns', 'rejects'] as const) {
    const run = start(async ({ output: out, signal }) => {
      const group = out.transaction((transaction) => {
        transaction.document(0, doc(1));
        throw new Error('the query broke off');
      });
      await group.catch(() => undefined);
      if (!signal.aborted)
        await new Promise((resolve) => signal.addEventListener('abort', resolve, { once: true }));
      if (end === 'rejects') throw new DOMException('it was asked to end', 'AbortError');
    });
    run.host.send(open());
    const { code, sent } = await output(run);
    assert.deepEqual([code, sent.filter((line) => line.startsWith('checkpoint'))], [1, []]);
    assert.match(run.host.logs.at(-1)?.message ?? '', /the query broke off/);
  }
});

test('documents that are too large for a message are refused, those beside them too, and others go on', async () => {
  const large = Buffer.alloc(MAX_MESSAGE_BYTES + 1, ' ');
  const beside = Buffer.concat([doc({ a: 1 }), large]);
  const run = start(async ({ output: out }) => {
    for (const sends of [
      (transaction: CaptureTransaction) => transaction.document(0, large),
      (transaction: CaptureTransaction) => transaction.documents(0, beside, [7, beside.length], 2),
    ]) {
      await assert.rejects(out.transaction(sends), { code: 'PROTOCOL_MESSAGE_TOO_LARGE' });
    }
    await out.transaction((transaction) => {
      transaction.document(1, doc({ b: 2 }));
      transaction.checkpoint({ cursor: 1 });
    });
  });
  run.host.send(open());
  const { code, sent } = await output(run);
  assert.deepEqual([code, sent], [0, ['opened', '1:{"b":2}', 'checkpoint {"cursor":1} true']]);
});

test('a group that fails before its first document leaves the output as it was', async () => {
  const run = start(async ({ output: out }) => {
    const failed = out.transaction(() => Promise.reject(new Error('query failed')));
    await assert.rejects(failed, /query failed/);
    await out.checkpoint({ cursor: 1 });
  });
  run.host.send(open());
  assert.equal((await output(run)).code, 0);
});

test('a document for a binding that is not there, or after its transaction, is refused', async () => {
  const run = start(async ({ output: out }) => {
    let kept: { document(binding: number, bytes: Buffer): void } | undefined;
    await out.transaction((transaction) => {
      assert.throws(() => transaction.document(2, doc(1)), RangeError);
      assert.throws(() => transaction.document(-1, doc(1)), RangeError);
      kept = transaction;
      transaction.checkpoint({});
    });
    assert.throws(() => kept?.document(0, doc(1)), /already ended/);
  });
  run.host.send(open());
  assert.equal((await output(run)).code, 0);
});

test('acknowledgements reach callbacks in order, and an iterator that may skip', async () => {
  const called: number[] = [];
  const seen: number[] = [];
  const run = start(async ({ output: out }) => {
    for (const number of [1, 2, 3, 4]) {
      assert.equal(await out.checkpoint({ number }, () => called.push(number)), number);
    }
    for await (const through of out.acknowledgements) {
      seen.push(through);
      if (through === 4) break;
    }
    assert.deepEqual([out.acknowledgements.sent, out.acknowledgements.acknowledged], [4, 4]);
  }, true);
  run.host.send(open());
  for (let received = 0; received < 5; received += 1) await run.host.receive();
  run.host.send({ kind: 'acknowledge', checkpoints: 2 });
  // A count of 0 stands for 1.
  run.host.send({ kind: 'acknowledge', checkpoints: 0 }, { kind: 'acknowledge', checkpoints: 1 });
  assert.equal(await run.exit, 0);
  assert.deepEqual(called, [1, 2, 3, 4]);
  assert.equal(seen.at(-1), 4);
  assert.deepEqual(
    seen,
    seen.toSorted((left, right) => left - right),
  );
});

test('more acknowledgements than checkpoints end the session, even while its pull waits', async () => {
  for (const end of ['rejects', 'returns'] as const) {
    const run = start(async ({ output: out, signal }) => {
      await out.checkpoint({});
      await new Promise((resolve) => signal.addEventListener('abort', resolve, { once: true }));
      if (end === 'rejects') throw signal.reason as Error;
    }, true);
    run.host.send(open());
    await run.host.receive();
    await run.host.receive();
    run.host.send({ kind: 'acknowledge', checkpoints: 2 });
    const { code, error } = await output(run);
    assert.deepEqual([code, error], [1, 'CAPTURE_ACKNOWLEDGED_TOO_MANY']);
  }
});

test('the end of stdin ends the acknowledgements and nothing else', async () => {
  const run = start(async ({ output: out }) => {
    for await (const through of out.acknowledgements) assert.fail(`acknowledged ${through}`);
    await out.checkpoint({ after: 'the end' });
  }, true);
  run.host.send(open());
  run.host.end();
  const { code, sent } = await output(run);
  assert.equal(code, 0);
  assert.deepEqual(sent, ['opened', 'checkpoint {"after":"the end"} true']);
});

test('asked to stop, a pull may return or reject with the reason: both are a clean end', async () => {
  for (const end of [
    async ({ signal }: Session) => {
      await new Promise((resolve) => signal.addEventListener('abort', resolve, { once: true }));
    },
    async ({ signal }: Session) => {
      await new Promise((resolve) => signal.addEventListener('abort', resolve, { once: true }));
      signal.throwIfAborted();
    },
  ]) {
    const run = start(end);
    run.host.send(open());
    await run.host.receive();
    run.host.stop();
    assert.equal((await output(run)).code, 0);
  }
});

test('a failure of its own is a failure, also while it is asked to stop', async () => {
  const run = start(async ({ signal }) => {
    await new Promise((resolve) => signal.addEventListener('abort', resolve, { once: true }));
    throw new Error('the slot is gone');
  });
  run.host.send(open());
  await run.host.receive();
  run.host.stop();
  assert.deepEqual((await output(run)).code, 1);
  assert.match(run.host.logs.at(-1)?.message ?? '', /the slot is gone/);
});

test('two bindings with one resource path are refused by their numbers', async () => {
  const run = start(async () => undefined);
  run.host.send({
    kind: 'validate',
    name: 'acme/cap',
    connectorType: 'LOCAL',
    config: '{}',
    bindings: ['a', 'b', 'a'].map((path) => ({
      resourceConfig: JSON.stringify({ path }),
      collection,
      backfill: 0,
    })),
    lastVersion: '',
  });
  const { code, error } = await output(run);
  assert.deepEqual([code, error], [1, 'CAPTURE_BINDING_INVALID']);
  assert.match(run.host.logs.at(-1)?.message ?? '', /Bindings 0 and 2 both capture "a"/);
});
