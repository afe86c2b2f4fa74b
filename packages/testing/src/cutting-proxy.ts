// A TCP proxy in front of a PostgreSQL or MySQL that cuts a connection off at a chosen message of the client: before the
// server gets it, or after, so that only the answer is lost. Encryption has to be off, since it reads the messages.

import { createServer, type Server, type Socket, connect } from 'node:net';
import { once } from 'node:events';

export interface Cut {
  /** Counted from 1 over all connections that are opened after the cut was set. */
  readonly message: number;
  /** `unsent`: the server does not get it. `unanswered`: it does, and its answer is dropped. */
  readonly how: 'unsent' | 'unanswered';
}

export type ProxiedProtocol = 'postgres' | 'mysql';

/** Bytes of the client's next message; undefined while too few of them are there to tell. */
const messageLength: Readonly<
  Record<ProxiedProtocol, (pending: Buffer, isFirst: boolean) => number | undefined>
> = {
  // Type, length; the start-up message has no type (PostgreSQL manual: "Message Formats").
  postgres(pending, isFirst) {
    const typeBytes = isFirst ? 0 : 1;
    return pending.length < typeBytes + 4 ? undefined : typeBytes + pending.readInt32BE(typeBytes);
  },
  // Length of the payload, sequence number (MySQL internals: "Protocol::Packet").
  mysql: (pending) => (pending.length < 4 ? undefined : 4 + pending.readUIntLE(0, 3)),
};

export class CuttingProxy implements AsyncDisposable {
  readonly #server: Server;
  readonly #target: { readonly host: string; readonly port: number };
  readonly #protocol: ProxiedProtocol;
  readonly #sockets = new Set<Socket>();
  #cut: Cut | undefined;
  #messages = 0;
  #hasCut = false;
  /** Grows with each `set`: what an earlier session leaves behind it is not counted. */
  #series = 0;

  private constructor(
    server: Server,
    target: { readonly host: string; readonly port: number },
    protocol: ProxiedProtocol,
  ) {
    this.#server = server;
    this.#target = target;
    this.#protocol = protocol;
  }

  static async open(
    target: { readonly host: string; readonly port: number },
    protocol: ProxiedProtocol = 'postgres',
  ): Promise<CuttingProxy> {
    const server = createServer();
    const proxy = new CuttingProxy(server, target, protocol);
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
    this.#series += 1;
    this.#messages = 0;
    this.#hasCut = false;
  }

  /** Of clients, since `set`. */
  get messages(): number {
    return this.#messages;
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
    const lengthOf = messageLength[this.#protocol];
    const series = this.#series;
    let isFirst = true;
    client.on('data', (bytes) => {
      pending = Buffer.concat([pending, bytes]);
      for (;;) {
        const length = lengthOf(pending, isFirst);
        if (length === undefined || pending.length < length) return;
        const message = pending.subarray(0, length);
        pending = pending.subarray(length);
        isFirst = false;
        const cut = series === this.#series ? this.#count() : undefined;
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
