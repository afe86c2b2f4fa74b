// Two ends of a Unix socket, of which one buffer takes whatever is read. Node's own pipes take a new buffer for each read,
// and V8 marks its whole heap for the sake of them: a third of the CPU time of a thread that reads little else. Only a
// socket can be told its buffer, and a child's pipe cannot be made from one.

import { mkdtempSync, rmSync } from 'node:fs';
import { connect, createServer, type Socket } from 'node:net';
import { once } from 'node:events';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** What the kernel holds of a socket by default is less. */
const readBytes = 256 << 10;

export interface SocketPair {
  readonly reader: Socket;
  /** For a child's `stdio`; then to be destroyed here, so that the reader sees the end of the child's. */
  readonly writer: Socket;
}

/** The bytes are valid during the call of `take`, which returns whether to go on; if not, `reader.resume()` does. */
export async function socketPair(take: (bytes: Buffer) => boolean): Promise<SocketPair> {
  const folder = mkdtempSync(join(tmpdir(), 'weir-'));
  const server = createServer({ pauseOnConnect: true });
  try {
    const path = join(folder, 'socket');
    await once(server.listen(path), 'listening');
    const accepted = once(server, 'connection') as Promise<[Socket]>;
    accepted.catch(() => {});
    const buffer = Buffer.allocUnsafeSlow(readBytes);
    const callback = (count: number): boolean => take(buffer.subarray(0, count));
    const reader = connect({ path, onread: { buffer, callback } });
    // Without descriptors left, there is no connection, or none that is accepted.
    const [writer] = await Promise.race([accepted, once(reader, 'close').then(noConnection)]);
    return { reader, writer };
  } finally {
    server.close();
    rmSync(folder, { recursive: true, force: true });
  }
}

function noConnection(): never {
  throw new Error('the connection was closed before it was made');
}
