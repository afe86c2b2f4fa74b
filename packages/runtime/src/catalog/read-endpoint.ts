// endpoint: {connector: {image, config}} | {local: {command, config, env, protobuf}} | {dekaf: {…}}, and `shards`.

import { isScalar } from 'yaml';
import type { JsonText } from '@weir/protocol';
import type { Endpoint, ShardOptions } from './model.ts';
import { ignored } from './read-ignored.ts';
import type { Fields, Reader } from './reader.ts';
import type { SourceFiles } from './source-file.ts';
import { jsonText } from './yaml-json.ts';

/** A value that may also stand in a file of its own, which a string then names. */
export async function inlineOrFile(reader: Reader, files: SourceFiles): Promise<JsonText | undefined> {
  if (!isScalar(reader.node) || typeof reader.node.value !== 'string') return reader.json();
  const file = await files.readNamed(reader.node.value, reader.file, reader.place);
  if (file === undefined) return undefined;
  return jsonText(file.document.contents, { file, problems: reader.problems });
}

async function readConfig(fields: Fields, files: SourceFiles): Promise<JsonText> {
  const reader = fields.require('config');
  if (reader === undefined) return '{}';
  const text = await inlineOrFile(reader, files);
  if (text !== undefined && !text.startsWith('{'))
    reader.fail(`${reader.what} has to be an object or a path to a file.`);
  return text ?? '{}';
}

export async function readEndpoint(
  owner: Fields,
  kinds: readonly string[],
  files: SourceFiles,
): Promise<Endpoint> {
  const nowhere: Endpoint = { connector: { kind: 'dekaf' }, config: '{}', secrets: {} };
  const reader = owner.require('endpoint');
  if (reader === undefined) return nowhere;
  const fields = reader.object(kinds);
  const given = kinds.filter((kind) => fields.has(kind));
  if (given.length !== 1) {
    reader.fail(`endpoint needs exactly one of ${kinds.map((kind) => `"${kind}"`).join(', ')}.`);
    return nowhere;
  }
  const secrets: Record<string, string> = {};
  for (const [pointer, name] of owner.get('secrets')?.entries() ?? []) secrets[pointer] = name.string() ?? '';

  const image = fields.get('connector')?.object(['image', 'config']);
  if (image !== undefined) {
    return {
      connector: { kind: 'image', image: image.require('image')?.string() ?? '' },
      config: await readConfig(image, files),
      secrets,
    };
  }
  const local = fields.get('local')?.object(['command', 'config', 'env', 'protobuf']);
  if (local !== undefined) {
    const command = local.require('command');
    const words = command?.strings() ?? [];
    if (words.length === 0) command?.fail('endpoint.local.command has to name a program.');
    const env: Record<string, string> = {};
    for (const [name, value] of local.get('env')?.entries() ?? []) env[name] = value.string() ?? '';
    const protobuf = local.get('protobuf')?.boolean() ?? false;
    return {
      connector: { kind: 'local', command: words, env, protobuf },
      config: await readConfig(local, files),
      secrets,
    };
  }
  if (!fields.has('dekaf')) reader.fail(`endpoint.${given[0]} is empty.`);
  return nowhere;
}

const shardKeys = [
  'disable',
  'minTxnDuration',
  'maxTxnDuration',
  'hotStandbys',
  'ringBufferSize',
  'readChannelSize',
  'logLevel',
  'flags',
];

export function readShards(reader: Reader | undefined): ShardOptions {
  const fields = reader?.object(shardKeys);
  const logLevel = fields?.get('logLevel')?.string();
  for (const key of ['minTxnDuration', 'maxTxnDuration'] as const)
    ignored(fields?.get(key), `shards.${key}`)?.durationMs();
  for (const key of ['hotStandbys', 'ringBufferSize', 'readChannelSize'] as const)
    ignored(fields?.get(key), `shards.${key}`)?.count();
  ignored(fields?.get('flags'), 'shards.flags')?.entries();
  return {
    disable: fields?.get('disable')?.boolean() ?? false,
    ...(logLevel === undefined ? {} : { logLevel }),
  };
}
