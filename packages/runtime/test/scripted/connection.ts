// A connector as a function in this process: the tests' stand-in for a connector's process.

import { StoreFrame } from '@weir/protocol';
import type { Connection } from '../../src/task/connection.ts';

export interface Script<Request, Response> {
  /** The next request; undefined at the end of the input. */
  next(): Promise<Request | undefined>;
  respond(response: Response): void;
  /** The session was stopped: nothing that is done from now on may have an effect. */
  readonly stopped: boolean;
}

export class ScriptedConnection<Request, Response> implements Connection<Request, Response> {
  #requests: Request[] = [];
  #responses: Response[] = [];
  #inputEnded = false;
  #outputEnded = false;
  #stopped = false;
  #failure: { readonly error: unknown } | undefined;
  #changed = Promise.withResolvers<void>();

  constructor(run: (script: Script<Request, Response>) => Promise<void>) {
    const isStopped = (): boolean => this.#stopped;
    const script: Script<Request, Response> = {
      next: async () => {
        for (;;) {
          const request = this.#requests.shift();
          if (request !== undefined) return request;
          if (this.#inputEnded || this.#stopped) return undefined;
          await this.#changed.promise;
        }
      },
      respond: (response) => {
        if (this.#stopped) return;
        this.#responses.push(response);
        this.#change();
      },
      get stopped() {
        return isStopped();
      },
    };
    // As a process would: it answers later than it was asked.
    setImmediate(() => {
      run(script).then(
        () => this.#endOutput(undefined),
        (error: unknown) => this.#endOutput({ error }),
      );
    });
  }

  send(request: Request): boolean {
    this.#requests.push(owned(request));
    this.#change();
    return true;
  }

  async flush(): Promise<void> {
    await Promise.resolve();
  }

  async receive(): Promise<readonly Response[] | undefined> {
    const messages = await this.messages();
    return messages === undefined ? undefined : Array.from(messages, withOwnDocument);
  }

  /** Each is one object with its bytes until the next is asked for, and then another, as those of a process are. */
  async messages(): Promise<Iterable<Response> | undefined> {
    for (;;) {
      if (this.#responses.length > 0) return taken(this.#responses);
      if (this.#failure !== undefined) throw this.#failure.error;
      if (this.#outputEnded || this.#stopped) return undefined;
      await this.#changed.promise;
    }
  }

  async endInput(): Promise<void> {
    this.#inputEnded = true;
    this.#change();
    await Promise.resolve();
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    this.#change();
    await Promise.resolve();
  }

  #endOutput(failure: { readonly error: unknown } | undefined): void {
    this.#failure = failure;
    this.#outputEnded = true;
    this.#change();
  }

  #change(): void {
    this.#changed.resolve();
    this.#changed = Promise.withResolvers();
  }
}

/** The runtime uses its requests and their buffers again. */
function owned<Request>(request: Request): Request {
  if (request instanceof StoreFrame) {
    const { binding, exists, delete: isDelete, keyPacked, valuesPacked, doc } = request;
    const copies = {
      keyPacked: Buffer.from(keyPacked),
      valuesPacked: Buffer.from(valuesPacked),
      doc: Buffer.from(doc),
    };
    return { kind: 'store', binding, exists, delete: isDelete, ...copies } as Request;
  }
  const load = request as { readonly kind?: string; readonly keyPacked?: Buffer };
  return load.kind === 'load' ? { ...request, keyPacked: Buffer.from(load.keyPacked ?? '') } : request;
}

interface WithDocument {
  readonly doc?: unknown;
}

function withOwnDocument<Response>(response: Response): Response {
  const { doc } = response as WithDocument;
  return Buffer.isBuffer(doc) ? { ...response, doc: Buffer.from(doc) } : response;
}

function* taken<Response>(responses: Response[]): Generator<Response, void, undefined> {
  for (let response = responses.shift(); response !== undefined; response = responses.shift()) {
    const shown = withOwnDocument(response);
    yield shown;
    const { doc } = shown as WithDocument;
    if (Buffer.isBuffer(doc)) doc.fill(0xff);
  }
}
