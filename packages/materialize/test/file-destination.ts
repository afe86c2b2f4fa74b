// A materialization process for crash tests: an authoritative destination in one JSON file, replaced by a rename.

import { existsSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { decodeCheckpoint, encodeCheckpoint } from '@weir/protocol';
import { configSchema, text } from '@weir/schema';
import { runMaterialize } from '../src/run-materialize.ts';

const config = configSchema(
  { id: 'https://example.com/config', title: 'File' },
  { path: text({ title: 'Path', description: 'The file.' }) },
);

interface Contents {
  readonly checkpoint: string;
  readonly rows: Record<string, string>;
}

await runMaterialize({
  name: 'materialize-file',
  spec: { configSchema: config, resourceSchema: config, documentationUrl: 'https://example.com' },
  validate: async () => [],
  apply: async () => ({ actionDescription: '' }),
  open: async ({ config: { path } }) => {
    const empty: Contents = { checkpoint: '', rows: {} };
    const found = existsSync(path) ? (JSON.parse(readFileSync(path, 'utf8')) as Contents) : empty;
    const rows = { ...found.rows };
    return {
      pattern: 'authoritative',
      hardDelete: false,
      checkpoint: decodeCheckpoint(Buffer.from(found.checkpoint, 'base64')),
      load: async (loads) => {
        for await (const { binding, keys } of loads) {
          await loads.acknowledged();
          for (const key of keys) {
            const row = rows[key.toString('hex')];
            if (row !== undefined) loads.loaded(binding, Buffer.from(row));
          }
        }
      },
      store: async (stores) => {
        for await (const { documents } of stores) {
          for (const { keyPacked, doc } of documents) rows[keyPacked.toString('hex')] = doc.toString();
        }
      },
      commit: async (checkpoint) => {
        const contents: Contents = { checkpoint: encodeCheckpoint(checkpoint).toString('base64'), rows };
        writeFileSync(`${path}.new`, JSON.stringify(contents));
        renameSync(`${path}.new`, path);
      },
      [Symbol.asyncDispose]: async () => undefined,
    };
  },
});
