import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createDecoder, createEncoder } from './codec.ts';
import type { StoreRequest } from './materialize.ts';
import { readStoreFrame, StoreFrame } from './store-frame.ts';

const request: StoreRequest = {
  kind: 'store',
  binding: 300,
  keyPacked: Buffer.from('1501', 'hex'),
  valuesPacked: Buffer.from('02686900', 'hex'),
  doc: Buffer.from('{"id":1}'),
  exists: true,
  delete: true,
};

function frame(text: string): Buffer {
  return Buffer.from(text.replaceAll(' ', ''), 'hex');
}

function fieldsOf({ binding, keyPacked, valuesPacked, doc, exists, delete: gone }: StoreRequest) {
  return { kind: 'store', binding, keyPacked, valuesPacked, doc, exists, delete: gone };
}

test('a store frame has the fields of its message, as views of the chunk it came in', () => {
  const encoder = createEncoder('materialize.Request', 'proto');
  encoder.write(request);
  const chunk = encoder.take();
  const decoder = createDecoder('materialize.Request', 'proto');
  decoder.push(chunk);
  const decoded = decoder.next();
  assert.ok(decoded instanceof StoreFrame);
  assert.deepEqual(fieldsOf(decoded), request);
  assert.equal(decoded.bytes, chunk);
  assert.equal(decoded.doc.buffer, chunk.buffer);
});

test('a frame is written as its message is', () => {
  const encoder = createEncoder('materialize.Request', 'proto');
  const long = { ...request, doc: Buffer.alloc(300, 0x20), valuesPacked: Buffer.alloc(40, 0x14) };
  for (const each of [request, long, { ...request, exists: false, delete: false, doc: Buffer.alloc(0) }]) {
    encoder.write(each);
    const written = Buffer.from(encoder.take());
    encoder.write(StoreFrame.of(each));
    assert.deepEqual(encoder.take(), written);
  }
});

test('a request that is no frame becomes one with the same fields', () => {
  assert.deepEqual(fieldsOf(StoreFrame.of(request)), request);
  const made = StoreFrame.of(request);
  assert.equal(StoreFrame.of(made), made);
});

test('fields may come in any order, and absent ones are at their defaults', () => {
  const bytes = frame('ff 3a 0a 3802 3202 7b7d 1a02 1501');
  const read = new StoreFrame();
  assert.equal(readStoreFrame(read, bytes, 1, bytes.length), true);
  assert.deepEqual(fieldsOf(read), {
    kind: 'store',
    binding: 0,
    keyPacked: frame('1501'),
    valuesPacked: Buffer.alloc(0),
    doc: Buffer.from('{}'),
    exists: true,
    delete: false,
  });
});

for (const [what, hex] of [
  ['of another member', '2a04 1a02 1501'],
  ['with a field that is not known', '3a06 1a02 1501 4801'],
  ['with the key as JSON', '3a08 1202 5b5d 1a02 1501'],
  ['with a second member behind it', '3a04 1a02 1501 3a00'],
  ['with a field longer than the frame', '3a04 1a03 1501'],
  ['with a varint cut short', '3a04 1a01 15 80'],
  ['with a varint of five bytes', '3a06 08 8080808001'],
] as const) {
  test(`a frame ${what} is left to the reader that knows every case`, () => {
    const bytes = frame(hex);
    assert.equal(readStoreFrame(new StoreFrame(), bytes, 0, bytes.length), false);
  });
}

test('a store that is cut short inside is malformed', () => {
  const body = frame('3a04 1a03 1501');
  const decoder = createDecoder('materialize.Request', 'proto');
  decoder.push(Buffer.concat([Buffer.from([body.length, 0, 0, 0]), body]));
  assert.throws(() => decoder.next(), { code: 'PROTOCOL_MALFORMED' });
});
