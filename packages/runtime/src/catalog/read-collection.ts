import { bundleSchema } from './bundle-schema.ts';
import type { CollectionModel } from './model.ts';
import { isKeyPointer } from './names.ts';
import { ignored, readDerive, readPublication } from './read-ignored.ts';
import type { Reader } from './reader.ts';
import type { SourceFiles } from './source-file.ts';
import { isScalar } from 'yaml';

const collectionKeys = [
  'schema',
  'writeSchema',
  'readSchema',
  'key',
  'projections',
  'journals',
  'derive',
  'expectPubId',
  'delete',
  'reset',
];

function readProjections(reader: Reader | undefined): CollectionModel['projections'] {
  const projections: Record<string, { location: string; partition: boolean }> = {};
  for (const [field, value] of reader?.entries() ?? []) {
    if (isScalar(value.node)) {
      projections[field] = { location: value.string() ?? '', partition: false };
      continue;
    }
    const fields = value.object(['location', 'partition']);
    projections[field] = {
      location: fields.require('location')?.string() ?? '',
      partition: fields.get('partition')?.boolean() ?? false,
    };
  }
  return projections;
}

function readKey(reader: Reader | undefined): string[] {
  const items = reader?.items() ?? [];
  if (reader !== undefined && items.length === 0)
    reader.fail('The key of a collection needs at least one pointer.');
  return items.flatMap((item) => {
    const pointer = item.string();
    if (pointer === undefined) return [];
    if (!isKeyPointer(pointer)) item.fail(`A key is a JSON pointer such as "/id", and "${pointer}" is none.`);
    return pointer;
  });
}

export async function readCollection(
  name: string,
  reader: Reader,
  files: SourceFiles,
): Promise<CollectionModel | undefined> {
  const fields = reader.object(collectionKeys);
  if (fields.get('delete')?.boolean() === true) return undefined;
  const [schema, write, read] = ['schema', 'writeSchema', 'readSchema'].map((key) => fields.get(key));
  if ((schema === undefined) === (write === undefined && read === undefined)) {
    reader.fail(`The collection ${name} needs either "schema", or both "writeSchema" and "readSchema".`);
  } else if (schema === undefined && (write === undefined || read === undefined)) {
    const missing = write === undefined ? 'writeSchema' : 'readSchema';
    reader.fail(`The collection ${name} needs "${missing}" as well, or one "schema" for both.`);
  }
  readPublication(fields);
  const derived = readDerive(fields.get('derive'));
  const journals = ignored(fields.get('journals'), 'journals')?.object(['fragments']);
  journals
    ?.get('fragments')
    ?.object(['compressionCodec', 'flushInterval', 'length', 'retention', 'refreshInterval', 'stores']);
  const writer = schema ?? write;
  const writeSchema = writer === undefined ? undefined : await bundleSchema(writer, files);
  const readSchema = read === undefined || schema !== undefined ? undefined : await bundleSchema(read, files);
  return {
    name,
    place: reader.place,
    url: reader.file.url,
    key: readKey(fields.require('key')),
    writeSchema: writeSchema ?? '{}',
    projections: readProjections(fields.get('projections')),
    derived,
    ...(readSchema === undefined ? {} : { readSchema }),
  };
}
