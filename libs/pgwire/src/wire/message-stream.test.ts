import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { Duplex } from 'node:stream';
import * as fc from 'fast-check';
import { FrameTable } from './frame-table.ts';
import { MessageStream } from './message-stream.ts';
import type { Receive } from './socket-bytes.ts';

const COPY_DATA = 0x64;

/** A stream over a socket that reads what `receive` is called with; `paused` says whether it would read now. */
function connected() {
  let handler: Receive = () => {};
  const socket = new Duplex({ read: () => {}, write: (_chunk, _encoding, done) => done() });
  const listen = (receive: Receive) => void (handler = receive);
  const stream = new MessageStream({ socket, listen, readsAllThatIsThere: true }, () => {});
  return { stream, socket, receive: (bytes: Uint8Array) => handler(bytes) };
}

function message(body: Buffer): Buffer {
  const head = Buffer.from([COPY_DATA, 0, 0, 0, 0]);
  head.writeUInt32BE(body.length + 4, 1);
  return Buffer.concat([head, body]);
}

/** `bytes` in pieces of these sizes, in turn. */
function* pieces(bytes: Buffer, sizes: readonly number[]): Generator<Buffer> {
  for (let at = 0, turn = 0; at < bytes.length; turn += 1) {
    const size = sizes[turn % sizes.length] ?? 1;
    // A copy that is overwritten behind the call, as a buffer of reads is.
    yield Buffer.from(bytes.subarray(at, at + size));
    at += size;
  }
}

describe('messages in one buffer', () => {
  test('however bytes arrive, messages come whole and in order, and views stay as they are until the next fill', async () => {
    const bodies = fc.array(fc.uint8Array({ maxLength: 60_000 }), { minLength: 1, maxLength: 12 });
    const sizes = fc.array(fc.integer({ min: 1, max: 90_000 }), { minLength: 1, maxLength: 5 });
    // How many pieces arrive before the reader asks again.
    const eager = fc.array(fc.nat(3), { minLength: 1, maxLength: 5 });
    await fc.assert(
      fc.asyncProperty(bodies, sizes, eager, async (parts, cuts, turns) => {
        const { stream, receive } = connected();
        const arriving = pieces(Buffer.concat(parts.map((part) => message(Buffer.from(part)))), cuts);
        const deliver = (): boolean => {
          const { value, done } = arriving.next();
          if (done === true) return false;
          receive(value);
          value.fill(0xee);
          return true;
        };
        const received: Buffer[] = [];
        const frames = new FrameTable();
        for (let turn = 0; received.length < parts.length; turn += 1) {
          const filled = stream.fill();
          deliver();
          await filled;
          frames.clear();
          stream.takeCopyData(frames);
          const { bytes } = stream;
          while (stream.next()) frames.add(stream.bodyStart, stream.bodyEnd);
          // More arrives while the views are in use.
          for (let more = turns[turn % turns.length] ?? 0; more > 0; more -= 1) deliver();
          for (let index = 0; index < frames.count; index += 1) {
            received.push(Buffer.from(bytes.subarray(frames.starts[index], frames.ends[index])));
          }
        }
        assert.deepEqual(
          received,
          parts.map((part) => Buffer.from(part)),
        );
      }),
      { numRuns: 60 },
    );
  });

  test('a reader that does not come back pauses the socket, and goes on with it', async () => {
    const { stream, socket, receive } = connected();
    const piece = message(Buffer.alloc(100_000));
    let pieceCount = 0;
    for (; !socket.isPaused(); pieceCount += 1) receive(piece);
    assert.ok(pieceCount > 1 && pieceCount < 20, `paused after ${pieceCount} pieces`);
    await stream.fill();
    assert.equal(socket.isPaused(), false);
    const frames = new FrameTable();
    stream.takeCopyData(frames);
    assert.equal(frames.count, pieceCount);
  });

  test('a stream rests after a short read only, and by itself ends the rest', async () => {
    const { stream, socket, receive } = connected();
    receive(message(Buffer.alloc(10)));
    assert.equal(socket.isPaused(), false, 'answers to queries are not waited for');
    stream.isGathering = true;
    receive(message(Buffer.alloc(100_000)));
    assert.equal(socket.isPaused(), false, 'a long read means that more is there');
    receive(message(Buffer.alloc(10)));
    assert.equal(socket.isPaused(), true);
    await stream.fill();
    assert.equal(socket.isPaused(), true, 'the reader does not end it');
    while (socket.isPaused()) await nextTurn();
  });
});
