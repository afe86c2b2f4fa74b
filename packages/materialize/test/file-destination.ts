// A materialization process for crash tests, of the pattern that its configuration names: its rows are in one JSON file,
// which is replaced by a rename.

import { existsSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { decodeCheckpoint, encodeCheckpoint } from '@weir/protocol';
import { configSchema, text } from '@weir/schema';
import type { Loads, Stores } from '../src/transactor.ts';
import { runMaterialize } from '../src/run-materialize.ts';

const config = configSchema(
  { id: 'https://example.com/config', title: 'File' },
  {
    path: text({ title: 'Path', description: 'The file.' }),
    pattern: text({ title: 'Pattern', description: 'authoritative, post-commit or best-effort.' }),
  },
);

type Rows = Readonly<Record<string, string>>;

interface Contents {
  /** Of the authoritative pattern only. */
  readonly checkpoint: string;
  readonly rows: Rows;
}

function replaceFile(path: string, contents: unknown): void {
  writeFileSync(`${path}.new`, JSON.stringify(contents));
  renameSync(`${path}.new`, path);
}

class FileDestination {
  readonly #path: string;
  readonly #found: Contents;
  #rows: Rows;
  /** Of this transaction. */
  #stored: Record<string, string> = {};

  constructor(path: string) {
    this.#path = path;
    this.#found = existsSync(path)
      ? (JSON.parse(readFileSync(path, 'utf8')) as Contents)
      : { checkpoint: '', rows: {} };
    this.#rows = this.#found.rows;
  }

  get checkpoint(): string {
    return this.#found.checkpoint;
  }

  async load(loads: Loads): Promise<void> {
    for await (const { binding, keys } of loads) {
      await loads.acknowledged();
      for (const key of keys) {
        const row = this.#rows[key.toString('hex')];
        if (row !== undefined) loads.loaded(binding, Buffer.from(row));
      }
    }
  }

  async store(stores: Stores): Promise<void> {
    for await (const { documents } of stores) {
      for (const { keyPacked, doc } of documents) this.#stored[keyPacked.toString('hex')] = doc.toString();
    }
  }

  write(checkpoint: string): void {
    this.#apply(this.#stored, checkpoint);
    this.#stored = {};
  }

  /** Writes the rows of this transaction beside the file; returns under which name. */
  stage(): string {
    const name = `${this.#path}.${process.pid}-${Date.now()}`;
    replaceFile(name, this.#stored);
    this.#stored = {};
    return name;
  }

  /** Applies what was staged; again does no harm. */
  applyStaged(name: string): void {
    if (!existsSync(name)) return;
    this.#apply(JSON.parse(readFileSync(name, 'utf8')) as Rows, '');
    rmSync(name);
  }

  #apply(rows: Rows, checkpoint: string): void {
    this.#rows = { ...this.#rows, ...rows };
    replaceFile(this.#path, { checkpoint, rows: this.#rows } satisfies Contents);
  }
}

const stagedIn = (state: unknown): string[] => Object.keys(state ?? {});

await runMaterialize({
  name: 'materialize-file',
  spec: { configSchema: config, resourceSchema: config, documentationUrl: 'https://example.com' },
  validate: async () => [],
  apply: async () => ({ actionDescription: '' }),
  open: async ({ config: { path, pattern }, state }) => {
    const file = new FileDestination(path);
    const shared = {
      hardDelete: false,
      load: (loads: Loads) => file.load(loads),
      store: (stores: Stores) => file.store(stores),
      [Symbol.asyncDispose]: async () => undefined,
    };
    if (pattern === 'post-commit') {
      const pending = new Set(stagedIn(state));
      return {
        ...shared,
        pattern,
        commit: async () => ({ [file.stage()]: true }),
        acknowledge: async (patches) => {
          for (const patch of patches) for (const name of stagedIn(patch)) pending.add(name);
          if (pending.size === 0) return undefined;
          const applied = [...pending];
          for (const name of applied) file.applyStaged(name);
          pending.clear();
          return Object.fromEntries(applied.map((name) => [name, null]));
        },
      };
    }
    if (pattern === 'best-effort') {
      return {
        ...shared,
        pattern,
        commit: async () => {
          file.write('');
          return undefined;
        },
      };
    }
    return {
      ...shared,
      pattern: 'authoritative',
      checkpoint: decodeCheckpoint(Buffer.from(file.checkpoint, 'base64')),
      commit: async (checkpoint) => file.write(encodeCheckpoint(checkpoint).toString('base64')),
    };
  },
});
