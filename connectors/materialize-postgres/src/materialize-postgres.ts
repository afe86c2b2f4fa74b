import type { Materialization } from '@weir/materialize';
import { apply } from './apply.ts';
import {
  checkConfig,
  endpointConfig,
  type EndpointConfig,
  resourceConfig,
  type ResourceConfig,
  upgradeConfig,
} from './config.ts';
import { open } from './open.ts';
import { validate } from './validate.ts';

export const materializePostgres: Materialization<EndpointConfig, ResourceConfig> = {
  name: 'materialize-postgres',
  spec: {
    configSchema: endpointConfig,
    resourceSchema: resourceConfig,
    documentationUrl: 'https://go.estuary.dev/materialize-postgresql',
  },
  upgradeConfig,
  checkConfig,
  dbtJob: (config) => config.dbt_job_trigger,
  validate,
  apply,
  open: (session) => open(session),
};
