// A TCP proxy in front of a PostgreSQL that cuts a connection off at a chosen message of the client: before the server
// gets it, or after, so that only the answer is lost. Encryption has to be off, since it reads the messages.

import { createServer, type Server, type Socket, connect } from 'node:net';
import { once } from 'node:events';

export interface Cut {
  /** Counted over all connections from when the cut was set, from 1. */
  readonly message: number;
  /** `unsent`: the server does not get it. `unanswered`: it does, and its answer is dropped. */
  readonly how: 'unsent' | 'unanswered';
}

export class CuttingProxy implements AsyncDisposable {
  readonly #server: Server;
  readonly #target: { readonly host: string; readonly port: number };
  readonly #sockets = new Set<Socket>();
  #cut: Cut | undefined;
  #messages = 0;
  #hasCut = false;

  private constructor(server: Server, target: { readonly host: string; readonly port: number }) {
    this.#server = server;
    this.#target = target;
  }

  static async open(target: { readonly host: string; readonly port: number }): Promise<CuttingProxy> {
    const server = createServer();
    const proxy = new CuttingProxy(server, target);
    server.on('connection', (client) => proxy.#serve(client));
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    return proxy;
  }

  get port(): number {
    const address = this.#server.address();
    return typeof address === 'object' && address !== null ? address.port : 0;
  }

  /** Begins to count anew. */
  set(cut: Cut | undefined): void {
    this.#cut = cut;
    this.#messages = 0;
    this.#hasCut = false;
  }

  get hasCut(): boolean {
    return this.#hasCut;
  }

  #serve(client: Socket): void {
    const upstream = connect(this.#target);
    for (const socket of [client, upstream]) {
      this.#sockets.add(socket);
      socket.setNoDelay(true);
      socket.on('error', () => undefined);
    }
    const end = (): void => {
      client.destroy();
      upstream.destroy();
      this.#sockets.delete(client);
      this.#sockets.delete(upstream);
    };
    client.on('close', end);
    upstream.on('close', end);
    let isMuted = false;
    upstream.on('data', (bytes) => {
      if (isMuted) end();
      else client.write(bytes);
    });
    let pending = Buffer.alloc(0);
    // The start-up message has no type byte (PostgreSQL manual: "Message Formats").
    let typeBytes = 0;
    client.on('data', (bytes) => {
      pending = Buffer.concat([pending, bytes]);
      for (;;) {
        if (pending.length < typeBytes + 4) return;
        const length = typeBytes + pending.readInt32BE(typeBytes);
        if (pending.length < length) return;
        const message = pending.subarray(0, length);
        pending = pending.subarray(length);
        typeBytes = 1;
        const cut = this.#count();
        if (cut === 'unsent') return end();
        if (cut === 'unanswered') isMuted = true;
        upstream.write(message);
      }
    });
  }

  #count(): Cut['how'] | undefined {
    this.#messages += 1;
    if (this.#cut?.message !== this.#messages || this.#hasCut) return undefined;
    this.#hasCut = true;
    return this.#cut.how;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const socket of this.#sockets) socket.destroy();
    this.#server.close();
    await once(this.#server, 'close');
  }
}
