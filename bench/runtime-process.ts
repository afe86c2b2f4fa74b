// The runtime of the bench row `runtime-capture`, in a process of its own: it supervises one capture until all of its
// documents are committed, and prints what that took, from Opened to the last commit, as one line of JSON.
// `node bench/runtime-process.ts STATE_FOLDER DOCUMENTS`

import type { CaptureSpec } from '@weir/protocol';
import { supervise } from '@weir/runtime';
import { join } from 'node:path';
import { readProcess } from './process-figures.ts';

const [statePath = '', count = ''] = process.argv.slice(2);
const documents = Number(count);

const writeSchema = {
  type: 'object',
  required: ['id', '_meta'],
  properties: {
    _meta: {
      type: 'object',
      required: ['op', 'source'],
      properties: { op: { enum: ['c', 'u', 'd'] }, source: { type: 'object' } },
    },
    id: { type: 'integer' },
    name: { type: ['string', 'null'] },
    amount: { type: ['string', 'null'], format: 'number' },
    count: { type: ['integer', 'null'] },
    at: { type: ['string', 'null'], format: 'date-time' },
    open: { type: ['boolean', 'null'] },
  },
  reduce: { strategy: 'merge' },
};

const spec: CaptureSpec = {
  name: 'bench/capture',
  connectorType: 'LOCAL',
  config: '{}',
  intervalSeconds: 300,
  inactiveBindings: [],
  bindings: [
    {
      resourceConfig: '{}',
      resourcePath: ['orders'],
      collection: {
        name: 'bench/orders',
        key: ['/id'],
        uuidPtr: '/_meta/uuid',
        partitionFields: [],
        projections: [],
        writeSchema: JSON.stringify(writeSchema),
      },
      backfill: 0,
      stateKey: 'orders',
    },
  ],
};

const stop = new AbortController();
let committed = 0;
let startedMs = 0;
let cpuBefore = process.cpuUsage();
const { failed } = await supervise({
  statePath,
  tasks: [{ name: spec.name, kind: 'capture' }],
  signal: stop.signal,
  build: async () => ({
    kind: 'capture',
    spec,
    version: '0000000000000001',
    catalogConfig: '{}',
    secrets: [],
    command: {
      description: 'frames-capture',
      connectorType: 'LOCAL',
      program: process.execPath,
      arguments: [join(import.meta.dirname, 'frames-capture.ts'), count],
      env: { FLOW_RUNTIME_CODEC: 'proto' },
      codec: 'proto',
    },
  }),
  onEvent(event) {
    if (event.kind === 'opened') {
      startedMs = performance.now();
      cpuBefore = process.cpuUsage();
    }
    if (event.kind !== 'commit') return;
    committed += event.documents;
    if (committed < documents) return;
    const { user, system } = process.cpuUsage(cpuBefore);
    const seconds = (performance.now() - startedMs) / 1000;
    const { peakRssMiB } = readProcess(process.pid);
    console.log(JSON.stringify({ count: committed, seconds, cpuSeconds: (user + system) / 1e6, peakRssMiB }));
    stop.abort();
  },
});
for (const [task, error] of failed) console.error(`${task}: ${error.message}`);
