import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { CapturedFrame, readCapturedFrame } from './captured-frame.ts';
import { createDecoder, createEncoder, type CodecName } from './codec.ts';
import type { CaptureResponse } from './capture.ts';

const captured = fc.record({
  kind: fc.constant('captured' as const),
  binding: fc.nat({ max: 300 }),
  doc: fc.string({ maxLength: 200 }).map((text) => Buffer.from(JSON.stringify({ text }))),
});
const checkpoint = fc.boolean().map((mergePatch) => {
  return { kind: 'checkpoint' as const, state: { updated: '{"cursor":1}', mergePatch } };
});
const messages = fc.array(fc.oneof({ weight: 4, arbitrary: captured }, checkpoint), { maxLength: 20 });

function plain(message: CaptureResponse): object {
  if (message.kind !== 'captured') return message;
  return { kind: message.kind, binding: message.binding, doc: message.doc.toString() };
}

/** Decodes out of one buffer that is overwritten before each read, as `read` bytes arrive at a time. */
function decodeReused(wire: Buffer, codec: CodecName, readBytes: number): object[] {
  const decoder = createDecoder('capture.Response', codec, { reuseFrames: true });
  const buffer = Buffer.alloc(readBytes);
  const found: object[] = [];
  const kept: CaptureResponse[] = [];
  for (let at = 0; at < wire.length; at += readBytes) {
    decoder.release();
    buffer.fill(0xff);
    decoder.push(buffer.subarray(0, wire.copy(buffer, 0, at, at + readBytes)));
    for (let next = decoder.next(); next !== undefined; next = decoder.next()) {
      found.push(plain(next));
      if (next.kind !== 'captured') kept.push(next);
    }
  }
  decoder.end();
  buffer.fill(0xff);
  const others = found.filter((message) => !('doc' in message));
  assert.deepEqual(kept, others, 'what carries no document stays valid');
  return found;
}

for (const codec of ['proto', 'json'] as const) {
  test(`${codec}: messages that are read out of one buffer are the messages that were sent`, () => {
    fc.assert(
      fc.property(messages, fc.integer({ min: 1, max: 300 }), (sent, readBytes) => {
        const encoder = createEncoder('capture.Response', codec);
        for (const message of sent) encoder.write(message);
        assert.deepEqual(decodeReused(encoder.take(), codec, readBytes), sent.map(plain));
      }),
    );
  });
}

test('a captured frame is left to the reader that knows every case unless it is written as ours are', () => {
  const reads = (hex: string): boolean => {
    const bytes = Buffer.from(hex, 'hex');
    return readCapturedFrame(new CapturedFrame(), bytes, 0, bytes.length);
  };
  assert.equal(reads('320612027b7d0803'), true);
  assert.equal(reads('420412027b7d'), false, 'another member');
  assert.equal(reads('320612027b7d1803'), false, 'a field that is not known');
  assert.equal(reads('320412037b7d'), false, 'a document longer than the frame');
  assert.equal(reads('320412027b7d3200'), false, 'a second member behind it');
});
