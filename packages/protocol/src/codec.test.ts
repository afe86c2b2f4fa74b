import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { createDecoder, createEncoder, sniffCodec } from './codec.ts';
import type { CodecName, Messages } from './codec.ts';
import type { StoreRequest } from './materialize.ts';
import { StoreFrame } from './store-frame.ts';
import {
  captureRequests,
  captureResponses,
  materializeRequests,
  materializeResponses,
} from './messages.fixture.ts';

const CODECS = ['json', 'proto'] as const;

function encodeAll<D extends keyof Messages>(
  direction: D,
  codec: CodecName,
  messages: readonly Messages[D][],
): Buffer {
  const encoder = createEncoder(direction, codec);
  for (const message of messages) encoder.write(message);
  return encoder.take();
}

function decodeAll<D extends keyof Messages>(
  direction: D,
  codec: CodecName,
  chunks: readonly Buffer[],
): Messages[D][] {
  const decoder = createDecoder(direction, codec, { unknownFields: 'reject' });
  const messages: Messages[D][] = [];
  for (const chunk of chunks) {
    decoder.push(chunk);
    for (let message = decoder.next(); message !== undefined; message = decoder.next())
      messages.push(plain(message));
  }
  decoder.end();
  return messages;
}

/** A Store of the protobuf codec makes its buffers when they are asked for. */
function plain<M extends Messages[keyof Messages]>(message: M): M {
  if (!(message instanceof StoreFrame)) return message;
  const { kind, binding, keyPacked, valuesPacked, doc, exists, delete: gone } = message;
  return { kind, binding, keyPacked, valuesPacked, doc, exists, delete: gone } as StoreRequest as M;
}

function identity<D extends keyof Messages>(direction: D, arbitrary: fc.Arbitrary<Messages[D]>): void {
  for (const codec of CODECS) {
    test(`every ${direction} message comes out of the ${codec} codec as it went in`, () => {
      fc.assert(
        fc.property(fc.array(arbitrary, { minLength: 1, maxLength: 4 }), (messages) => {
          assert.deepEqual(decodeAll(direction, codec, [encodeAll(direction, codec, messages)]), messages);
        }),
        { numRuns: 300 },
      );
    });
  }
}

identity('capture.Request', captureRequests);
identity('capture.Response', captureResponses);
identity('materialize.Request', materializeRequests);
identity('materialize.Response', materializeResponses);

for (const codec of CODECS) {
  test(`the ${codec} codec gives the same messages however its bytes are cut into chunks`, () => {
    fc.assert(
      fc.property(
        fc.array(captureResponses, { minLength: 1, maxLength: 5 }),
        fc.infiniteStream(fc.integer({ min: 1, max: 40 })),
        (messages, sizes) => {
          const bytes = encodeAll('capture.Response', codec, messages);
          const chunks: Buffer[] = [];
          for (let at = 0; at < bytes.length;) {
            const size = sizes.next().value ?? 1;
            chunks.push(bytes.subarray(at, at + size));
            at += size;
          }
          assert.deepEqual(decodeAll('capture.Response', codec, chunks), messages);
        },
      ),
      { numRuns: 200 },
    );
  });

  test(`the first four bytes of a ${codec} stream tell its codec`, () => {
    fc.assert(
      fc.property(captureRequests, (message) => {
        assert.equal(sniffCodec(encodeAll('capture.Request', codec, [message])), codec);
      }),
    );
  });
}

test('three bytes are too few to tell the codec', () => {
  assert.equal(sniffCodec(Buffer.from('{"s')), undefined);
});

test('documents written together are the messages that they would be one by one', () => {
  fc.assert(
    fc.property(
      fc.constantFrom<CodecName>('json', 'proto'),
      fc.nat(300),
      fc.array(fc.object({ maxDepth: 1 }), { maxLength: 20 }),
      (codec, binding, objects) => {
        const documents = objects.map((object) => Buffer.from(JSON.stringify(object)));
        let end = 0;
        const ends = documents.map((document) => (end += document.length));
        const [together, each] = [
          createEncoder('capture.Response', codec),
          createEncoder('capture.Response', codec),
        ];
        together.writeCaptured(binding, Buffer.concat(documents), ends, documents.length);
        for (const doc of documents) each.write({ kind: 'captured', binding, doc });
        assert.deepEqual(together.take(), each.take());
      },
    ),
  );
});

test('an encoder writes again what it was given back, and nothing else', () => {
  const sizes = fc.array(fc.tuple(fc.nat(200_000), fc.nat(3)), { maxLength: 30 });
  fc.assert(
    fc.property(sizes, (writes) => {
      const encoder = createEncoder('capture.Response', 'proto');
      const reference = createEncoder('capture.Response', 'proto');
      const held: { taken: Buffer; expected: Buffer }[] = [];
      for (const [index, [size, given]] of writes.entries()) {
        const doc = Buffer.alloc(size + 1, 0x61 + (index % 26));
        for (const each of [encoder, reference]) each.write({ kind: 'captured', binding: 0, doc });
        // Some of the bytes stay in the encoder, while others are given back.
        if (index % 3 > 0) held.push({ taken: encoder.take(), expected: Buffer.from(reference.take()) });
        for (const { taken } of held.splice(0, given)) encoder.giveBack(taken);
        for (const { taken, expected } of held) assert.ok(taken.equals(expected));
      }
      assert.ok(encoder.take().equals(reference.take()));
    }),
    { numRuns: 30 },
  );
});

test('an encoder whose batches are given back makes no memory anew, while some are held and a frame is begun', () => {
  const encoder = createEncoder('capture.Response', 'proto');
  const memory = new Set<ArrayBufferLike>();
  const held: Buffer[] = [];
  for (let batch = 0; batch < 2000; batch += 1) {
    for (let written = 0; written < 5; written += 1) {
      encoder.write({ kind: 'captured', binding: 0, doc: Buffer.alloc(1000 + ((batch * 7919) % 4000)) });
    }
    const taken = encoder.take();
    memory.add(taken.buffer);
    held.push(taken);
    encoder.write({ kind: 'captured', binding: 0, doc: Buffer.alloc(100) });
    while (held.length > batch % 5) {
      const oldest = held.shift();
      if (oldest !== undefined) encoder.giveBack(oldest);
    }
  }
  assert.ok(memory.size <= 6, `${memory.size} pieces of memory`);
});
