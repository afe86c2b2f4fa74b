import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createDecoder, createEncoder } from './codec.ts';
import type { CodecName } from './codec.ts';

const CODECS = ['json', 'proto'] as const;

function capturedBytes(codec: CodecName, doc: Buffer, count = 1): Buffer {
  const encoder = createEncoder('capture.Response', codec);
  for (let index = 0; index < count; index++) encoder.write({ kind: 'captured', binding: 1, doc });
  return encoder.take();
}

for (const codec of CODECS) {
  test(`a ${codec} stream that ends inside a message is an error, wherever it is cut`, () => {
    const bytes = capturedBytes(codec, Buffer.from('{"id":1}'));
    for (let cut = 1; cut < bytes.length; cut++) {
      const decoder = createDecoder('capture.Response', codec);
      decoder.push(bytes.subarray(0, cut));
      assert.equal(decoder.next(), undefined);
      assert.throws(() => decoder.end(), { code: 'PROTOCOL_PARTIAL_MESSAGE' }, `cut at ${cut}`);
    }
  });

  test(`a ${codec} stream that ends between messages just ends`, () => {
    const decoder = createDecoder('capture.Response', codec);
    decoder.push(capturedBytes(codec, Buffer.from('{"id":1}'), 2));
    assert.equal(decoder.next()?.kind, 'captured');
    assert.equal(decoder.next()?.kind, 'captured');
    assert.equal(decoder.next(), undefined);
    assert.doesNotThrow(() => decoder.end());
  });

  test(`a ${codec} message past the limit is refused by name before it has arrived whole`, () => {
    const bytes = capturedBytes(codec, Buffer.from(JSON.stringify('x'.repeat(2000))));
    const decoder = createDecoder('capture.Response', codec, { maxMessageBytes: 1000 });
    decoder.push(bytes.subarray(0, 1500));
    assert.throws(() => decoder.next(), {
      code: 'PROTOCOL_MESSAGE_TOO_LARGE',
      message: /capture\.Response captured message of \d+ bytes is larger than the limit of 1000 bytes/,
    });
  });

  test(`a ${codec} message past 64 MiB is not written, and what was written before it stays`, () => {
    const encoder = createEncoder('capture.Response', codec);
    encoder.write({ kind: 'opened', explicitAcknowledgements: false });
    const before = encoder.byteLength;
    const doc = Buffer.alloc(64 * 1024 * 1024, 0x20);
    assert.throws(() => encoder.write({ kind: 'captured', binding: 0, doc }), {
      code: 'PROTOCOL_MESSAGE_TOO_LARGE',
      message: /captured/,
    });
    assert.equal(encoder.byteLength, before);
  });

  test(`a ${codec} message of 4 MiB in chunks of 1000 bytes arrives whole`, () => {
    const doc = Buffer.from(JSON.stringify('y'.repeat(4 * 1024 * 1024)));
    const bytes = capturedBytes(codec, doc);
    const decoder = createDecoder('capture.Response', codec);
    for (let at = 0; at < bytes.length; at += 1000) {
      assert.equal(decoder.next(), undefined);
      decoder.push(bytes.subarray(at, at + 1000));
    }
    const message = decoder.next();
    assert.ok(message?.kind === 'captured' && message.doc.equals(doc));
  });

  test(`documents of ${codec} messages inside one chunk are views of it, and outlive later chunks`, () => {
    const bytes = capturedBytes(codec, Buffer.from('{"id":1}'), 3);
    const decoder = createDecoder('capture.Response', codec);
    decoder.push(bytes);
    const first = decoder.next();
    decoder.next();
    decoder.push(capturedBytes(codec, Buffer.from('{"id":2}')));
    decoder.next();
    assert.ok(first?.kind === 'captured');
    assert.equal(first.doc.buffer, bytes.buffer);
    assert.equal(first.doc.toString(), '{"id":1}');
  });

  test(`bytes taken from a ${codec} encoder never change afterwards`, () => {
    const encoder = createEncoder('capture.Response', codec);
    const taken: { bytes: Buffer; copy: Buffer }[] = [];
    for (let size = 1; size < 200_000; size *= 3) {
      encoder.write({ kind: 'captured', binding: size, doc: Buffer.alloc(size, 0x31) });
      const bytes = encoder.take();
      taken.push({ bytes, copy: Buffer.from(bytes) });
    }
    assert.equal(encoder.byteLength, 0);
    for (const { bytes, copy } of taken) assert.ok(bytes.equals(copy));
  });
}

test('text in place of messages is told as such, and not repeated', () => {
  for (const text of ['hello, password\n', '\r\n\r\nx', 'a{}}']) {
    const decoder = createDecoder('capture.Response', 'proto');
    decoder.push(Buffer.from(text));
    assert.throws(() => decoder.next(), {
      code: 'PROTOCOL_MESSAGE_TOO_LARGE',
      message: /^A capture\.Response[^"]* are text, as of something that was printed: [^"]*stderr\.$/,
    });
  }
  const decoder = createDecoder('capture.Response', 'proto');
  decoder.push(Buffer.of(0, 0, 0, 0x20));
  assert.throws(() => decoder.next(), { message: /limit of \d+ bytes\.$/ });
});
