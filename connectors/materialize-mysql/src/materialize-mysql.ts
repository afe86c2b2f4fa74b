import type { Materialization } from '@weir/materialize';
import { withoutEmptyTunnel } from '@weir/network-tunnel';
import { apply } from './apply.ts';
import { checkConfig } from './config.ts';
import {
  type EndpointConfig,
  endpointSchema,
  type ResourceConfig,
  resourceSchema,
} from './endpoint-schema.ts';
import { openTransactor } from './transactor.ts';
import { validate } from './validate.ts';

export const materializeMysql: Materialization<EndpointConfig, ResourceConfig> = {
  name: 'materialize-mysql',
  spec: {
    configSchema: endpointSchema,
    resourceSchema,
    documentationUrl: 'https://go.estuary.dev/materialize-mysql',
  },
  upgradeConfig: withoutEmptyTunnel,
  checkConfig,
  dbtJob: (config) => config.dbt_job_trigger,
  validate,
  apply,
  open: openTransactor,
};
