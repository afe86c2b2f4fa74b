// Two ends of a Unix socket, as Node makes for a child's stdout, but one buffer takes whatever is read. With a new buffer
// for each read, V8 collects its heap for their sake, and a bench that shares two cores measures that.

import { mkdtempSync, rmSync } from 'node:fs';
import { connect, createServer, type Socket } from 'node:net';
import { once } from 'node:events';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const READ_BYTES = 1 << 18;

export interface SocketPair {
  readonly reader: Socket;
  /** For a child's `stdio`; then to be destroyed here, so that the reader sees the end of it. */
  readonly writer: Socket;
}

/** The bytes are valid during the call of `take`. */
export async function socketPair(take: (bytes: Buffer) => void): Promise<SocketPair> {
  const folder = mkdtempSync(join(tmpdir(), 'weir-bench-socket-'));
  const server = createServer({ pauseOnConnect: true });
  try {
    const path = join(folder, 'socket');
    await once(server.listen(path), 'listening');
    const accepted = once(server, 'connection') as Promise<[Socket]>;
    const buffer = Buffer.allocUnsafeSlow(READ_BYTES);
    const callback = (count: number): boolean => {
      take(buffer.subarray(0, count));
      return true;
    };
    const reader = connect({ path, onread: { buffer, callback } });
    const [writer] = await accepted;
    return { reader, writer };
  } finally {
    server.close();
    rmSync(folder, { recursive: true });
  }
}
