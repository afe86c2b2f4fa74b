import type { Materialization } from '@weir/materialize';
import { apply } from './apply.ts';
import { endpointConfig, type EndpointConfig, resourceConfig, type ResourceConfig } from './config.ts';
import { SqliteTransactor } from './transactor.ts';
import { validate } from './validate.ts';

export const materializeSqlite: Materialization<EndpointConfig, ResourceConfig> = {
  name: 'materialize-sqlite',
  spec: {
    configSchema: endpointConfig,
    resourceSchema: resourceConfig,
    documentationUrl: 'https://go.estuary.dev/materialize-sqlite',
  },
  validate,
  apply: (config, target, { log }) => apply(config, target, (message) => log.warn(message)),
  open: async (session) => new SqliteTransactor(session),
};
