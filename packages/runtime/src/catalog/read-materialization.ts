import { isMap, isScalar } from 'yaml';
import type { JsonText } from '@weir/protocol';
import type {
  CollectionSource,
  FieldsModel,
  MaterializationBindingModel,
  MaterializationModel,
  OnIncompatibleSchemaChange,
} from './model.ts';
import { inlineOrFile, readEndpoint, readShards } from './read-endpoint.ts';
import { readPublication, readSchedule, readSourceCapture } from './read-ignored.ts';
import type { Fields, Reader } from './reader.ts';
import type { SourceFiles } from './source-file.ts';

const materializationKeys = [
  'source',
  'sourceCapture',
  'onIncompatibleSchemaChange',
  'endpoint',
  'bindings',
  'syncSchedule',
  'triggers',
  'secrets',
  'shards',
  'expectPubId',
  'delete',
  'reset',
];

const bindingKeys = [
  'resource',
  'source',
  'disable',
  'priority',
  'fields',
  'backfill',
  'onIncompatibleSchemaChange',
];

const policies = ['backfill', 'abort', 'disableBinding', 'disableTask'] as const;

function policyOf(fields: Fields, inherited: OnIncompatibleSchemaChange): OnIncompatibleSchemaChange {
  return fields.get('onIncompatibleSchemaChange')?.oneOf(policies) ?? inherited;
}

function readPartitions(reader: Reader | undefined): Record<string, JsonText[]> {
  const selected: Record<string, JsonText[]> = {};
  for (const [field, values] of reader?.entries() ?? [])
    selected[field] = values.items().map((value) => value.json());
  return selected;
}

function readSource(reader: Reader | undefined): CollectionSource {
  const whole = { include: {}, exclude: {} };
  if (reader === undefined) return { collection: '', ...whole };
  if (!isMap(reader.node)) return { collection: reader.string() ?? '', ...whole };
  const fields = reader.object(['name', 'partitions', 'notBefore', 'notAfter']);
  const partitions = fields.get('partitions')?.object(['include', 'exclude']);
  const notBefore = fields.get('notBefore')?.timestamp();
  const notAfter = fields.get('notAfter')?.timestamp();
  return {
    collection: fields.require('name')?.string() ?? '',
    include: readPartitions(partitions?.get('include')),
    exclude: readPartitions(partitions?.get('exclude')),
    ...(notBefore === undefined ? {} : { notBefore }),
    ...(notAfter === undefined ? {} : { notAfter }),
  };
}

function readRecommended(reader: Reader | undefined): boolean | number {
  if (reader === undefined) return true;
  if (isScalar(reader.node) && typeof reader.node.value === 'boolean') return reader.node.value;
  if (isScalar(reader.node) && typeof reader.node.value === 'bigint') return reader.count() ?? true;
  reader.fail(`${reader.what} has to be true, false, or the depth of the locations to select.`);
  return true;
}

function readFields(reader: Reader | undefined): FieldsModel {
  const fields = reader?.object(['recommended', 'require', 'include', 'exclude', 'groupBy']);
  const require: Record<string, JsonText> = {};
  for (const [field, config] of (fields?.get('require') ?? fields?.get('include'))?.entries() ?? []) {
    require[field] = config.isNull ? '{}' : config.json();
  }
  return {
    recommended: readRecommended(fields?.get('recommended')),
    require,
    exclude: fields?.get('exclude')?.strings() ?? [],
    groupBy: fields?.get('groupBy')?.strings() ?? [],
  };
}

async function readBinding(
  reader: Reader,
  inherited: OnIncompatibleSchemaChange,
  files: SourceFiles,
): Promise<MaterializationBindingModel> {
  const fields = reader.object(bindingKeys);
  const resource = fields.require('resource');
  const source = fields.require('source');
  return {
    place: source?.place ?? reader.place,
    resource: resource === undefined ? '{}' : ((await inlineOrFile(resource, files)) ?? '{}'),
    source: readSource(source),
    disable: fields.get('disable')?.boolean() ?? false,
    priority: fields.get('priority')?.count() ?? 0,
    fields: readFields(fields.get('fields')),
    backfill: fields.get('backfill')?.count() ?? 0,
    onIncompatibleSchemaChange: policyOf(fields, inherited),
  };
}

export async function readMaterialization(
  name: string,
  reader: Reader,
  files: SourceFiles,
): Promise<MaterializationModel | undefined> {
  const fields = reader.object(materializationKeys);
  if (fields.get('delete')?.boolean() === true) return undefined;
  readPublication(fields);
  readSourceCapture(fields);
  readSchedule(fields);
  const policy = policyOf(fields, 'backfill');
  const bindings: MaterializationBindingModel[] = [];
  for (const item of fields.get('bindings')?.items() ?? [])
    bindings.push(await readBinding(item, policy, files));
  return {
    name,
    place: reader.place,
    url: reader.file.url,
    endpoint: await readEndpoint(fields, ['connector', 'local', 'dekaf'], files),
    bindings,
    shards: readShards(fields.get('shards')),
  };
}
