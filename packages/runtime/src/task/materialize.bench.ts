// What the thread of a materialization spends on a document between the journal and the connector: scan, pack key and
// values, combine (`readMicroseconds`), then order and frame what is stored (`storeMicroseconds`). The least of the
// rounds, which a busy machine changes little. `node packages/runtime/src/task/materialize.bench.ts [rounds]`

import { createEncoder, type MaterializationBindingSpec } from '@weir/protocol';
import { projectionsOf } from '@weir/schema';
import { ByteRange } from '../combine/byte-range.ts';
import { Combiner } from '../combine/combiner.ts';
import { systemDisk } from '../host/disk.ts';
import { MaterializedBinding } from './materialized-binding.ts';

const rounds = Number(process.argv[2] ?? '20');
const documents = 20_000;
const framesPerWrite = 500;

/** A table of 12 columns as a capture of PostgreSQL describes it. */
const schema = JSON.stringify({
  type: 'object',
  required: ['_meta', 'id'],
  properties: {
    _meta: {
      type: 'object',
      required: ['op', 'source'],
      properties: {
        op: { enum: ['c', 'd', 'u'] },
        source: {
          type: 'object',
          required: ['schema', 'table', 'loc'],
          properties: {
            schema: { type: 'string' },
            snapshot: { type: 'boolean' },
            table: { type: 'string' },
            loc: { type: 'array', items: { type: 'integer' }, minItems: 3, maxItems: 3 },
          },
        },
      },
    },
    comment: { type: ['string', 'null'] },
    discount: { type: ['number', 'string'], format: 'number' },
    flag: { type: 'string' },
    id: { type: 'integer' },
    mode: { type: ['string', 'null'] },
    order_id: { type: 'integer' },
    part: { type: 'integer' },
    price: { type: 'string', format: 'number' },
    quantity: { type: 'string', format: 'number' },
    received: { type: 'string', format: 'date-time' },
    shipped: { type: 'string', format: 'date' },
    supplier: { type: 'integer' },
  },
  if: { properties: { _meta: { properties: { op: { const: 'd' } } } } },
  then: { reduce: { strategy: 'merge', delete: true } },
  else: { reduce: { strategy: 'merge' } },
});

function bindingSpec(): MaterializationBindingSpec {
  const key = ['/id'];
  const projections = projectionsOf({ key, schema });
  const columns = 'comment discount flag mode order_id part price quantity received shipped supplier';
  return {
    resourceConfig: '{}',
    resourcePath: ['li'],
    collection: {
      name: 'bench/li',
      key,
      uuidPtr: '/_meta/uuid',
      partitionFields: [],
      projections,
      writeSchema: schema,
    },
    fieldSelection: {
      keys: ['id'],
      values: ['_meta/op', 'flow_published_at', ...columns.split(' ')],
      document: 'flow_document',
      fieldConfig: {},
    },
    deltaUpdates: false,
    journalReadSuffix: 'materialize/bench/sink/li',
    priority: 0,
    notBefore: '',
    notAfter: '',
    backfill: 0,
    stateKey: 'li',
  };
}

function journalLine(id: number): string {
  const source = `{"schema":"public","snapshot":true,"table":"li","loc":[-1,${id},0]}`;
  const uuid = `${(0xaa7c0000 + id).toString(16)}-ecf1-11f1-8000-f50d6abd2790`;
  const two = (value: number): string => String(value).padStart(2, '0');
  const received = `2020-01-01T${two(id % 24)}:${two(id % 60)}:00Z`;
  return `{"_meta":{"uuid":"${uuid}","op":"c","source":${source}},"comment":"row number ${id} of the bench","discount":0.0${id % 10},"flag":"N","id":${id},"mode":"TRUCK","order_id":${id >> 2},"part":${id % 20_000},"price":"${id % 1000}.25","quantity":"${id % 50}.00","received":"${received}","shipped":"2020-${two(1 + (id % 12))}-${two(1 + (id % 28))}","supplier":${id % 1000}}\n`;
}

const journal = Buffer.from(Array.from({ length: documents }, (_, id) => journalLine(id)).join(''));
const binding = new MaterializedBinding(0, bindingSpec());
using combiner = new Combiner({
  bindings: [binding.combine],
  disk: systemDisk,
  spillPath: '',
  name: 'bench',
});
const encoder = createEncoder('materialize.Request', 'proto');
const document = new ByteRange();

function read(): void {
  for (let start = 0; start < journal.length;) {
    const end = journal.indexOf(0x0a, start);
    binding.take(document.set(journal, start, end));
    combiner.add(0, binding.key, document, binding.note);
    start = end + 1;
  }
}

function store(): void {
  let frames = 0;
  for (const combined of combiner.drain()) {
    encoder.write(binding.storeOf(combined));
    frames += 1;
    if (frames % framesPerWrite === 0) encoder.take();
  }
  encoder.take();
}

function microseconds(work: () => void): number {
  const started = performance.now();
  work();
  return ((performance.now() - started) * 1000) / documents;
}

let readMicroseconds = Infinity;
let storeMicroseconds = Infinity;
for (let round = 0; round < rounds; round += 1) {
  readMicroseconds = Math.min(readMicroseconds, microseconds(read));
  storeMicroseconds = Math.min(storeMicroseconds, microseconds(store));
  combiner.clear();
}
console.log(
  JSON.stringify({
    id: 'runtime-materialize',
    documents,
    rounds,
    bytesPerDocument: Math.round(journal.length / documents),
    readMicroseconds: Number(readMicroseconds.toFixed(2)),
    storeMicroseconds: Number(storeMicroseconds.toFixed(2)),
  }),
);
