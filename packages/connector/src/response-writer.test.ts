import assert from 'node:assert/strict';
import { Writable } from 'node:stream';
import { test } from 'node:test';
import { ResponseWriter } from './response-writer.ts';

/** A pipe whose reader takes one write at a time, when told to. */
function slowPipe(): { stdout: Writable; writes: number[]; take: () => void } {
  const writes: number[] = [];
  let done: (() => void) | undefined;
  const stdout = new Writable({
    write(chunk: Buffer, _encoding, callback) {
      writes.push(chunk.length);
      done = () => callback();
    },
  });
  const take = (): void => {
    const taken = done;
    done = undefined;
    taken?.();
  };
  return { stdout, writes, take };
}

const doc = Buffer.from(JSON.stringify({ text: 'x'.repeat(1000) }));

test('documents gather into writes of at least 256 KiB, and anything sent goes out at once with them', () => {
  const { stdout, writes, take } = slowPipe();
  const writer = new ResponseWriter('capture', 'proto', stdout, () => undefined);
  for (let count = 0; count < 250; count += 1) writer.write({ kind: 'captured', binding: 0, doc });
  assert.deepEqual(writes, []);
  for (let count = 0; count < 20; count += 1) writer.write({ kind: 'captured', binding: 0, doc });
  assert.equal(writes.length, 1);
  assert.ok((writes[0] ?? 0) >= 256 * 1024);
  take();
  writer.send({ kind: 'checkpoint', state: { updated: '{}', mergePatch: true } });
  assert.equal(writes.length, 2);
  assert.ok((writes[1] ?? 0) < 256 * 1024);
});

test('a writer is congested at one MiB on its way, and drained when half of that is taken', async () => {
  const { stdout, take } = slowPipe();
  const writer = new ResponseWriter('capture', 'proto', stdout, () => undefined);
  while (!writer.congested) writer.write({ kind: 'captured', binding: 0, doc });
  let drained = false;
  const draining = writer.drained().then(() => {
    drained = true;
  });
  take();
  await new Promise(setImmediate);
  assert.equal(drained, false);
  for (let count = 0; count < 8; count += 1) {
    take();
    await new Promise(setImmediate);
  }
  await draining;
  assert.equal(writer.congested, false);
});

test('finish waits until the pipe has taken everything', async () => {
  const { stdout, take } = slowPipe();
  const writer = new ResponseWriter('capture', 'json', stdout, () => undefined);
  writer.write({ kind: 'captured', binding: 0, doc });
  let finished = false;
  const finishing = writer.finish().then(() => {
    finished = true;
  });
  await new Promise(setImmediate);
  assert.equal(finished, false);
  take();
  await finishing;
});

test('once the pipe is broken, every wait and every flush fails with the same error', async () => {
  const { stdout } = slowPipe();
  const failures: Error[] = [];
  const writer = new ResponseWriter('capture', 'proto', stdout, (failure) => failures.push(failure));
  while (!writer.congested) writer.write({ kind: 'captured', binding: 0, doc });
  const draining = writer.drained();
  stdout.destroy(new Error('write EPIPE'));
  await assert.rejects(draining, { code: 'CONNECTOR_STDOUT_CLOSED' });
  await assert.rejects(writer.drained(), { code: 'CONNECTOR_STDOUT_CLOSED' });
  assert.throws(() => writer.send({ kind: 'opened', explicitAcknowledgements: false }), {
    code: 'CONNECTOR_STDOUT_CLOSED',
  });
  assert.equal(failures.length, 1);
});
