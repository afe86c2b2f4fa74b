// Stands between the capture and the server, so that their connections can be cut like a cable, or be as long as one.

import { once } from 'node:events';
import { connect, createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import { Transform, type TransformCallback } from 'node:stream';

/** Under way on one connection in one direction, at most. */
const WINDOW_BYTES = 1024 ** 2;

export class TcpProxy implements AsyncDisposable {
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();

  private constructor(server: Server) {
    this.#server = server;
  }

  /** A round trip takes `roundTripMs` longer than without. */
  static async before(
    target: { readonly host: string; readonly port: number },
    roundTripMs = 0,
  ): Promise<TcpProxy> {
    const server = createServer({ pauseOnConnect: true });
    const proxy = new TcpProxy(server);
    server.on('connection', (near) => {
      const far = connect(target);
      for (const [from, to] of [
        [near, far],
        [far, near],
      ] as const) {
        proxy.#sockets.add(from);
        from.setNoDelay(true);
        from.on('error', () => to.destroy());
        from.on('close', () => {
          proxy.#sockets.delete(from);
          // What is under way still arrives.
          if (roundTripMs === 0) to.destroy();
        });
        if (roundTripMs === 0) from.pipe(to);
        else from.pipe(new Delay(roundTripMs / 2)).pipe(to);
      }
    });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    return proxy;
  }

  get address(): string {
    return `127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  cut(): void {
    for (const socket of this.#sockets) socket.destroy();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.cut();
    this.#server.close();
    await once(this.#server, 'close');
  }
}

class Delay extends Transform {
  readonly #delayMs: number;
  #underWayBytes = 0;
  #resume: (() => void) | undefined;

  constructor(delayMs: number) {
    super();
    this.#delayMs = delayMs;
  }

  override _transform(chunk: Buffer, _encoding: BufferEncoding, done: TransformCallback): void {
    this.#underWayBytes += chunk.length;
    setTimeout(() => {
      this.push(chunk);
      this.#underWayBytes -= chunk.length;
      const resume = this.#resume;
      this.#resume = undefined;
      resume?.();
    }, this.#delayMs);
    if (this.#underWayBytes < WINDOW_BYTES) done();
    else this.#resume = done;
  }

  override _flush(done: TransformCallback): void {
    setTimeout(done, this.#delayMs);
  }
}
