// Who keeps the configurations of a session: the environment says it.

import type { Logger } from '@weir/connector';
import type { JsonText } from '@weir/protocol';
import { configSchemaText, type Field } from '@weir/schema/config';
import { parseJson } from '@weir/schema/json';
import type { AuthContext } from './auth-kind.ts';
import { type ConfigKeeper, keepsNothing, keptByFlow, keptByRuntime } from './config-keeper.ts';

export interface SessionKeeperOptions {
  /** As the session was opened with. */
  readonly config: () => JsonText;
  readonly configSchema: Field<unknown>;
  readonly log: Logger;
  /** `WEIR_CONFIG_UPDATES`: `kept` by `weir run`, `refused` where it only looks. Unset, the connector runs in Flow. */
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly ask: AuthContext['ask'];
  readonly end: () => Error;
}

export function sessionKeeper({
  config,
  configSchema,
  log,
  env,
  ask,
  end,
}: SessionKeeperOptions): ConfigKeeper {
  switch (env['WEIR_CONFIG_UPDATES']) {
    case 'kept':
      return keptByRuntime(config, log, end);
    case 'refused':
      return keepsNothing;
    default:
      return keptByFlow({ config, log, configSchema: parseJson(configSchemaText(configSchema)), env, ask });
  }
}
