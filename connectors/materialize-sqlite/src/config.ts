// What a user configures: where the file is, what deletions do, and for each binding the table.

import { configSchema, flag, text, type ConfigOf } from '@weir/schema/config';

const schemaId = (name: string) => `https://github.com/estuary/connectors/materialize-sqlite/${name}`;

export const endpointConfig = configSchema(
  { id: schemaId('config'), title: 'SQLite Database' },
  {
    path: text({
      title: 'Path',
      description: 'The database file. It is made if it does not exist; its folder must exist.',
      order: 0,
      minLength: 1,
    }),
    hardDelete: flag({
      title: 'Hard Delete',
      description:
        'Removes a row when its document is deleted in the source. Otherwise the row stays, with _meta/op set to d.',
      default: false,
      order: 1,
    }),
  },
);

export type EndpointConfig = ConfigOf<typeof endpointConfig>;

export const resourceConfig = configSchema(
  { id: schemaId('resource'), title: 'SQLite Table' },
  {
    table: text({
      title: 'Table',
      description: 'The name of the table. It is made if it does not exist.',
      order: 0,
      minLength: 1,
      'x-collection-name': true,
    }),
    delta_updates: flag({
      title: 'Delta Updates',
      description: 'Adds a row for every change, instead of keeping one row for each key.',
      default: false,
      order: 1,
      'x-delta-updates': true,
    }),
  },
);

export type ResourceConfig = ConfigOf<typeof resourceConfig>;
