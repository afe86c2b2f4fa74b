import { connectionCatalogue } from '@weir/postgres';
import { checkReadmeTables } from '@weir/testing';
import { test } from 'node:test';
import { endpointSchema, resourceSchema } from './config.ts';
import { catalogue } from './errors.ts';

test('the README lists every field of the configuration and every error, as they are', () => {
  checkReadmeTables(
    import.meta.url,
    { config: endpointSchema, resource: resourceSchema },
    { ...connectionCatalogue, ...catalogue },
  );
});
