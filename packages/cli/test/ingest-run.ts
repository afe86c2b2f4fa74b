// `weir run` with a capture of webhooks and a SQLite file, in a folder of its own, and senders that do not give up.

import { spawn, spawnSync } from 'node:child_process';
import { closeSync, openSync, readFileSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { temporaryDirectory, type TemporaryDirectory } from '@weir/testing';
import { WeirRun } from './pipeline.ts';

const main = join(import.meta.dirname, '..', 'src', 'main.ts');

export class IngestRun implements AsyncDisposable {
  readonly port: number;
  readonly #folder: TemporaryDirectory;
  #run: WeirRun | undefined;

  private constructor(folder: TemporaryDirectory, port: number) {
    this.#folder = folder;
    this.port = port;
  }

  /** `bindings`: the path of each, and whether its requests bring an id. */
  static async create(bindings: Readonly<Record<string, { readonly hasId: boolean }>>): Promise<IngestRun> {
    const folder = temporaryDirectory('weir-ingest-');
    const port = await freePort();
    const paths = Object.keys(bindings);
    const collection = (path: string): string => `acme${path}`;
    const image = (name: string): string => `ghcr.io/estuary/${name}:v1`;
    const catalog = {
      collections: Object.fromEntries(
        paths.map((path) => [
          collection(path),
          {
            key: ['/_meta/webhookId'],
            schema: {
              type: 'object',
              required: ['_meta'],
              properties: {
                n: { type: 'integer' },
                _meta: {
                  type: 'object',
                  required: ['webhookId'],
                  properties: { webhookId: { type: 'string' } },
                },
              },
            },
          },
        ]),
      ),
      captures: {
        'acme/ingest': {
          endpoint: { connector: { image: image('source-http-ingest'), config: { paths, port } } },
          bindings: Object.entries(bindings).map(([path, { hasId }]) => ({
            resource: { stream: path, path, ...(hasId ? { idFromHeader: 'X-Id' } : {}) },
            target: collection(path),
          })),
        },
      },
      materializations: {
        'acme/sqlite': {
          endpoint: {
            connector: { image: image('materialize-sqlite'), config: { path: join(folder.path, 'out.db') } },
          },
          bindings: paths.map((path) => ({
            resource: { table: path.slice(1) },
            source: collection(path),
            fields: { recommended: true, require: { n: {} } },
          })),
        },
      },
    };
    writeFileSync(join(folder.path, 'flow.yaml'), JSON.stringify(catalog, undefined, 2));
    return new IngestRun(folder, port);
  }

  get log(): string {
    return readFileSync(join(this.#folder.path, 'run.log'), 'utf8');
  }

  get run(): WeirRun {
    if (this.#run === undefined) throw new Error('it was never started');
    return this.#run;
  }

  /** `env`: of the runtime and its connectors, beside that of the test. */
  start(env: Readonly<Record<string, string>> = {}): void {
    const log = openSync(join(this.#folder.path, 'run.log'), 'a');
    const child = spawn(process.execPath, [main, 'run'], {
      cwd: this.#folder.path,
      stdio: ['ignore', log, log],
      env: { ...process.env, ...env },
    });
    closeSync(log);
    this.#run = new WeirRun(child);
  }

  /** Runs another command of weir beside it. */
  weir(...args: readonly string[]): string {
    return spawnSync(process.execPath, [main, ...args], { cwd: this.#folder.path, encoding: 'utf8' }).stdout;
  }

  /** Resolves to the status; undefined when there was no answer. */
  async post(path: string, body: string, id?: string): Promise<number | undefined> {
    try {
      const answer = await fetch(`http://127.0.0.1:${this.port}${path}`, {
        method: 'POST',
        body,
        headers: { 'content-type': 'application/json', ...(id === undefined ? {} : { 'x-id': id }) },
        signal: AbortSignal.timeout(30_000),
      });
      await answer.arrayBuffer();
      return answer.status;
    } catch {
      return undefined;
    }
  }

  /** The numbers in a table, with the ids of their documents; empty while there is no table. */
  rows(table: string): { readonly id: string; readonly n: number }[] {
    try {
      using database = new DatabaseSync(join(this.#folder.path, 'out.db'), {
        readOnly: true,
        timeout: 10_000,
      });
      return database.prepare(`SELECT "_meta/webhookId" AS id, n FROM "${table}"`).all() as {
        id: string;
        n: number;
      }[];
    } catch {
      return [];
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#run?.[Symbol.asyncDispose]();
    this.#folder[Symbol.dispose]();
  }
}

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}
