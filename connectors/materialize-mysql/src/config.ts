// What an endpoint configuration means: its settings in the units of the connector, and what its schema cannot say.

import { checkDbtJob } from '@weir/materialize';
import type { TableOptions } from '@weir/materialize-sql';
import { checkSshTunnel } from '@weir/network-tunnel';
import { parseFeatureFlags } from '@weir/schema/config';
import type { EndpointConfig } from './endpoint-schema.ts';
import { splitAddress } from './address.ts';
import { errors } from './errors.ts';
import { parseTimeZone } from './time-zone.ts';
import { checkTls } from './tls.ts';

const flagDefaults = {
  /** Collection keys of the formats date, time and date-time are text. */
  datetime_keys_as_string: true,
  /** Off: base64 stays text. */
  native_binary_column_type: true,
  retain_existing_data_on_backfill: false,
  allow_existing_tables_for_new_bindings: false,
  always_drop_tables_on_backfill: false,
} as const;

export type FeatureFlags = { readonly [Name in keyof typeof flagDefaults]: boolean };

export function featureFlags({ advanced }: EndpointConfig): FeatureFlags {
  return parseFeatureFlags(advanced.feature_flags, flagDefaults);
}

export function tableOptions(config: EndpointConfig): TableOptions {
  const flags = featureFlags(config);
  return {
    allowExistingTables: flags.allow_existing_tables_for_new_bindings,
    retainExistingData: flags.retain_existing_data_on_backfill,
    alwaysReplaceTables: flags.always_drop_tables_on_backfill,
    noFlowDocument: config.advanced.no_flow_document,
  };
}

/** Throws MYSQL_CONFIG_INVALID, MYSQL_TIME_ZONE and the errors of tunnels. */
export function checkConfig(config: EndpointConfig): void {
  const { host, port } = splitAddress(config.address);
  if (host === '' || port < 1 || port > 65_535) {
    throw errors.MYSQL_CONFIG_INVALID({
      message: `/address is ${JSON.stringify(config.address)}, which is no host with a port from 1 to 65535`,
      fix: 'Write it as host or host:port; the port is 3306 if you leave it out.',
    });
  }
  if (config.dbt_job_trigger !== undefined) checkDbtJob(config.dbt_job_trigger);
  if (!isBlank(config.timezone)) parseTimeZone(config.timezone);
  const forwarding = config.networkTunnel?.sshForwarding;
  if (forwarding !== undefined) checkSshTunnel({ ...forwarding, target: tunnelTarget(config) });
  checkTls(config);
}

/** A field that a form left empty. */
export function isBlank(text: string | undefined): text is undefined {
  return text === undefined || text.trim() === '';
}

/** The server as the SSH server knows it. */
export function tunnelTarget(config: EndpointConfig): { readonly host: string; readonly port: number } {
  return splitAddress(config.address);
}
