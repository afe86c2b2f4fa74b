// What an endpoint configuration means to the kit: the dialect with its flags, and the rules of validation and planning.

import type { EndpointRules } from '@weir/materialize';
import { type Dialect, endpointRules, type FieldWriter, type TableOptions } from '@weir/materialize-sql';
import { type EndpointConfig, featureFlags } from './config.ts';
import { postgresDialect } from './dialect.ts';

export interface EndpointSetup {
  readonly dialect: Dialect<FieldWriter>;
  readonly rules: EndpointRules;
  readonly options: TableOptions;
}

export function endpointSetup(config: Pick<EndpointConfig, 'advanced'>): EndpointSetup {
  const flags = featureFlags(config);
  const options: TableOptions = {
    allowExistingTables: flags.allow_existing_tables_for_new_bindings,
    retainExistingData: flags.retain_existing_data_on_backfill,
    alwaysReplaceTables: flags.always_drop_tables_on_backfill,
    noFlowDocument: config.advanced.no_flow_document,
  };
  const dialect = postgresDialect(flags);
  return { dialect, rules: endpointRules(dialect, options), options };
}
