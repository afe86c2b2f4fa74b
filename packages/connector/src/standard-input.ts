// The connector's stdin, read into one buffer that is used again and again: with a buffer for each read, V8 marks its whole
// heap every few megabytes for the sake of them. Nothing is read before it is asked for, so that a connector that does not
// ask exerts back-pressure on the runtime through the pipe.

import { fstatSync } from 'node:fs';
import { Socket } from 'node:net';

/** What the kernel holds of a pipe or a socket by default is less. */
const BUFFER_BYTES = 256 << 10;

/** Bytes are valid until the next are asked for. */
export function standardInput(): AsyncIterable<Buffer> {
  const kind = fstatSync(0);
  // A file or a terminal, by somebody who tries a connector by hand.
  if (!kind.isFIFO() && !kind.isSocket()) return process.stdin as AsyncIterable<Buffer>;
  return readInto(Buffer.allocUnsafeSlow(BUFFER_BYTES));
}

async function* readInto(buffer: Buffer): AsyncGenerator<Buffer, void, undefined> {
  let arrived: Buffer | undefined;
  let failure: Error | undefined;
  let isEnded = false;
  let wake = (): void => {};
  const callback = (count: number): boolean => {
    arrived = buffer.subarray(0, count);
    wake();
    return false;
  };
  const input = new Socket({ fd: 0, readable: true, writable: false, onread: { buffer, callback } });
  input.once('error', (error) => {
    failure = error;
  });
  for (const event of ['end', 'close']) {
    input.once(event, () => {
      isEnded = true;
      wake();
    });
  }
  for (;;) {
    const { promise, resolve } = Promise.withResolvers<void>();
    wake = resolve;
    if (arrived === undefined && !isEnded) {
      input.resume();
      await promise;
    }
    if (arrived === undefined) break;
    const bytes = arrived;
    arrived = undefined;
    yield bytes;
  }
  if (failure !== undefined) throw failure;
}
