import { connectionCatalogue } from '@weir/postgres';
import { checkReadmeTables } from '@weir/testing';
import { test } from 'node:test';
import { endpointSchema } from './endpoint-schema.ts';
import { catalogue } from './errors.ts';

test('the README lists every field of the configuration and every error, as they are', () => {
  checkReadmeTables(import.meta.url, { config: endpointSchema }, { ...connectionCatalogue, ...catalogue });
});
