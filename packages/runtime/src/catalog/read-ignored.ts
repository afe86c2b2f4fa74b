// Keys of a catalog that belong to Flow and do nothing here. They are read as strictly as the others, so that a typing
// mistake does not wait until the catalog is published, and each is told once: `weir run` warns with its place.

import { isMap, isScalar, isSeq } from 'yaml';
import type { Fields, Reader } from './reader.ts';

/** Why a key does nothing, by the key; the key is what a warning is told once for. */
const reasons = {
  storageMappings: 'journals are kept in the state folder',
  tests: 'tests of catalogs run in Flow only',
  resources: 'imported files are read from where they are',
  'a materialization’s source': 'bindings are not added by themselves: write those that you want',
  syncSchedule: 'transactions are committed as soon as there is something to commit',
  triggers: 'nothing is triggered',
  autoDiscover: 'a running capture is not discovered again: it is read by `weir discover` only',
  derive: 'derivations are not computed',
  journals: 'journals have one layout',
  expectPubId: 'nothing is published',
  reset: 'start again by `weir backfill --reset`',
  'shards.minTxnDuration': 'a transaction lasts until its source is idle or it is large enough',
  'shards.maxTxnDuration': 'a transaction lasts until its source is idle or it is large enough',
  'shards.hotStandbys': 'there is one process for each task',
  'shards.ringBufferSize': 'buffers have fixed sizes',
  'shards.readChannelSize': 'buffers have fixed sizes',
  'shards.flags': 'there are no flags',
} as const;

export type IgnoredKey = keyof typeof reasons;

/** Notes that the key is there, and gives its value. */
export function ignored(reader: Reader | undefined, key: IgnoredKey): Reader | undefined {
  reader?.problems.warn(reader.place, key, `${key} has no effect here: ${reasons[key]}.`);
  return reader;
}

/** `expectPubId` and `reset`, which every kind of entity may have. */
export function readPublication(fields: Fields): void {
  ignored(fields.get('expectPubId'), 'expectPubId')?.string();
  const reset = fields.get('reset');
  if (reset?.boolean() === true) ignored(reset, 'reset');
}

const storeProviders = ['S3', 'GCS', 'AZURE', 'CUSTOM'] as const;

export function readStorageMappings(section: Reader | undefined): void {
  for (const [, mapping] of ignored(section, 'storageMappings')?.entries() ?? []) {
    const fields = mapping.object(['stores', 'dataPlanes', 'data_planes']);
    for (const store of fields.require('stores')?.items() ?? []) {
      const members = store.entries();
      const provider = members.find(([key]) => key === 'provider')?.[1];
      if (provider === undefined) store.fail(`${store.what} needs the key "provider".`);
      for (const [key, value] of members)
        if (key === 'provider') value.oneOf(storeProviders);
        else value.string();
    }
    for (const key of ['dataPlanes', 'data_planes']) fields.get(key)?.strings();
  }
}

function readStep(step: Reader): void {
  const fields = step.object(['ingest', 'verify']);
  if (fields.has('ingest') === fields.has('verify')) {
    step.fail(`${step.what} needs exactly one of "ingest", "verify".`);
  }
  const ingest = fields.get('ingest')?.object(['description', 'collection', 'documents']);
  ingest?.require('collection')?.string();
  const verify = fields.get('verify')?.object(['description', 'collection', 'documents', 'partitions']);
  const collection = verify?.require('collection');
  if (isMap(collection?.node)) readSourceKeys(collection);
  else collection?.string();
  for (const kind of [ingest, verify]) {
    kind?.get('description')?.string();
    const documents = kind?.require('documents');
    if (isScalar(documents?.node)) documents.string();
    else documents?.items();
  }
}

function readSourceKeys(source: Reader): void {
  source.object(['name', 'partitions', 'notBefore', 'notAfter']).require('name')?.string();
}

export function readTests(section: Reader | undefined): void {
  for (const [, test] of ignored(section, 'tests')?.entries() ?? []) {
    if (isSeq(test.node)) for (const step of test.items()) readStep(step);
    else {
      const fields = test.object(['description', 'steps', 'expectPubId', 'delete']);
      fields.get('description')?.string();
      fields.get('expectPubId')?.string();
      fields.get('delete')?.boolean();
      for (const step of fields.get('steps')?.items() ?? []) readStep(step);
    }
  }
}

export function readResources(section: Reader | undefined): void {
  ignored(section, 'resources')?.entries();
}

const sourceCaptureKeys = ['capture', 'targetNaming', 'deltaUpdates', 'fieldsRecommended'];

/** `source` (or `sourceCapture`) of a materialization: the capture whose collections Flow adds as bindings. */
export function readSourceCapture(fields: Fields): void {
  const source = ignored(fields.get('source') ?? fields.get('sourceCapture'), 'a materialization’s source');
  if (source === undefined) return;
  if (!isMap(source.node)) {
    source.string();
    return;
  }
  const members = source.object(sourceCaptureKeys);
  members.get('capture')?.string();
  const naming = members.get('targetNaming');
  if (isMap(naming?.node)) naming.entries();
  else naming?.string();
  members.get('deltaUpdates')?.boolean();
  const recommended = members.get('fieldsRecommended');
  if (isScalar(recommended?.node) && typeof recommended.node.value === 'bigint') recommended.count();
  else recommended?.boolean();
}

/** The shape of `triggers` is Flow's own business: it only has to be one. */
export function readSchedule(fields: Fields): void {
  ignored(fields.get('triggers'), 'triggers')?.entries();
  const schedule = ignored(fields.get('syncSchedule'), 'syncSchedule')?.object([
    'baseInterval',
    'timezone',
    'windows',
  ]);
  schedule?.get('baseInterval')?.durationMs();
  schedule?.get('timezone')?.string();
  for (const item of schedule?.get('windows')?.items() ?? []) {
    const window = item.object(['interval', 'start', 'end']);
    window.get('interval')?.durationMs();
    for (const key of ['start', 'end']) window.get(key)?.string();
  }
}

const transformKeys = ['name', 'source', 'shuffle', 'priority', 'readDelay', 'lambda', 'disable', 'backfill'];
const languages = ['sqlite', 'typescript', 'python', 'connector', 'local'];

export function readDerive(reader: Reader | undefined): boolean {
  const derive = ignored(reader, 'derive')?.object([
    'using',
    'transforms',
    'shuffleKeyTypes',
    'shards',
    'redactSalt',
  ]);
  if (derive === undefined) return false;
  derive.require('using')?.object(languages);
  derive.get('shuffleKeyTypes')?.strings();
  for (const transform of derive.get('transforms')?.items() ?? []) {
    const fields = transform.object(transformKeys);
    fields.get('name')?.string();
    const source = fields.require('source');
    if (isMap(source?.node)) readSourceKeys(source);
    else source?.string();
    fields.get('priority')?.count();
    fields.get('readDelay')?.durationMs();
    fields.get('disable')?.boolean();
    fields.get('backfill')?.count();
  }
  return true;
}
