// How many small documents one core takes from protocol frames into a synced journal: decode, parse, validate, widen,
// pack the key, combine, stamp, append, commit. `node packages/runtime/src/task/capture.bench.ts [documents]`

import { createDecoder, createEncoder, type CaptureResponse } from '@weir/protocol';
import { temporaryDirectory } from '@weir/testing';
import { ledgerCapture, ledgerCollection } from '../../test/scripted/ledger.ts';
import { openCapture } from './capture-task.ts';
import { openEnvironment } from './task-environment.ts';

const documents = Number(process.argv[2] ?? '300000');
const chunkBytes = 64 << 10;

const schema = {
  type: 'object',
  required: ['id'],
  properties: {
    id: { type: 'integer' },
    name: { type: ['string', 'null'] },
    amount: { type: 'string' },
    _meta: { type: 'object', required: ['op'], properties: { op: { enum: ['c', 'u', 'd'] } } },
  },
  reduce: { strategy: 'merge' },
};

function frames(): Buffer {
  const encoder = createEncoder('capture.Response', 'proto');
  encoder.write({ kind: 'opened', explicitAcknowledgements: false });
  for (let id = 0; id < documents; id++) {
    const source = `{"schema":"public","table":"orders","loc":[${id},2,3]}`;
    const text = `{"_meta":{"op":"c","source":${source}},"id":${id},"name":"customer number ${id}","amount":"${id % 1000}.25"}`;
    encoder.write({ kind: 'captured', binding: 0, doc: Buffer.from(text) });
    if (id % 2000 === 1999 || id === documents - 1) {
      encoder.write({ kind: 'checkpoint', state: { updated: `{"cursor":${id}}`, mergePatch: true } });
    }
  }
  return encoder.take();
}

function replay(wire: Buffer) {
  const decoder = createDecoder('capture.Response', 'proto');
  let at = 0;
  return {
    send: () => true,
    flush: () => Promise.resolve(),
    endInput: () => Promise.resolve(),
    stop: () => Promise.resolve(),
    receive() {
      return this.messages();
    },
    async messages() {
      await new Promise((resolve) => {
        setImmediate(resolve);
      });
      const batch: CaptureResponse[] = [];
      while (batch.length === 0 && at < wire.length) {
        decoder.push(wire.subarray(at, at + chunkBytes));
        at += chunkBytes;
        for (let next = decoder.next(); next !== undefined; next = decoder.next()) batch.push(next);
      }
      return batch.length === 0 ? undefined : batch;
    },
  };
}

const wire = frames();
using folder = temporaryDirectory();
using environment = openEnvironment(folder.path);
const before = process.cpuUsage();
const started = performance.now();
await openCapture({
  environment,
  capture: ledgerCapture(ledgerCollection('bench/orders', schema)),
  version: '1',
  connect: () => Promise.resolve(replay(wire)),
  signal: new AbortController().signal,
});
const seconds = (performance.now() - started) / 1000;
const { user, system } = process.cpuUsage(before);
const cpuSeconds = (user + system) / 1e6;
const captured = environment.store.journals('bench/orders')[0]?.documents ?? 0;
console.log(
  JSON.stringify({
    id: 'runtime-capture',
    documents: captured,
    bytesPerDocument: Math.round(wire.length / documents),
    documentsPerSecond: Math.round(captured / seconds),
    documentsPerCpuSecond: Math.round(captured / cpuSeconds),
    peakRssMiB: Math.round(process.resourceUsage().maxRSS / 1024),
  }),
);
