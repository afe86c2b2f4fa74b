import type { AutoDiscover, CaptureBindingModel, CaptureModel } from './model.ts';
import { inlineOrFile, readEndpoint, readShards } from './read-endpoint.ts';
import { ignored, readPublication } from './read-ignored.ts';
import type { Reader } from './reader.ts';
import type { SourceFiles } from './source-file.ts';

const captureKeys = [
  'autoDiscover',
  'endpoint',
  'secrets',
  'bindings',
  'interval',
  'redactSalt',
  'shards',
  'expectPubId',
  'delete',
  'reset',
];

const defaultIntervalMs = 300_000;

function readAutoDiscover(reader: Reader | undefined): AutoDiscover | undefined {
  if (reader === undefined) return undefined;
  const fields = reader.object(['addNewBindings', 'evolveIncompatibleCollections']);
  return {
    addNewBindings: fields.get('addNewBindings')?.boolean() ?? false,
    evolveIncompatibleCollections: fields.get('evolveIncompatibleCollections')?.boolean() ?? false,
  };
}

async function readBinding(reader: Reader, files: SourceFiles): Promise<CaptureBindingModel> {
  const fields = reader.object(['resource', 'target', 'disable', 'backfill']);
  const resource = fields.require('resource');
  const target = fields.require('target');
  return {
    place: target?.place ?? reader.place,
    resource: resource === undefined ? '{}' : ((await inlineOrFile(resource, files)) ?? '{}'),
    target: target?.string() ?? '',
    disable: fields.get('disable')?.boolean() ?? false,
    backfill: fields.get('backfill')?.count() ?? 0,
  };
}

export function readRedactSalt(reader: Reader | undefined): Buffer | undefined {
  const text = reader?.string();
  if (reader === undefined || text === undefined) return undefined;
  const salt = Buffer.from(text, 'base64');
  if (salt.toString('base64').replace(/=+$/, '') === text.replace(/=+$/, '')) return salt;
  return reader.fail(`${reader.what} has to be base64.`);
}

export async function readCapture(
  name: string,
  reader: Reader,
  files: SourceFiles,
): Promise<CaptureModel | undefined> {
  const fields = reader.object(captureKeys);
  if (fields.get('delete')?.boolean() === true) return undefined;
  const bindings: CaptureBindingModel[] = [];
  for (const item of fields.get('bindings')?.items() ?? []) bindings.push(await readBinding(item, files));
  readPublication(fields);
  const autoDiscover = readAutoDiscover(ignored(fields.get('autoDiscover'), 'autoDiscover'));
  const redactSalt = readRedactSalt(fields.get('redactSalt'));
  return {
    name,
    place: reader.place,
    url: reader.file.url,
    endpoint: await readEndpoint(fields, ['connector', 'local'], files),
    bindings,
    intervalSeconds: Math.ceil((fields.get('interval')?.durationMs() ?? defaultIntervalMs) / 1000),
    shards: readShards(fields.get('shards')),
    ...(autoDiscover === undefined ? {} : { autoDiscover }),
    ...(redactSalt === undefined ? {} : { redactSalt }),
  };
}
