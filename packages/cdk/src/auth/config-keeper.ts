// Where a renewed configuration goes before its tokens are used. A refresh token that may be used once is gone with its
// use: if its successor is lost, the user has to authorize the connector again. So the successor is kept first.
//
// Under `weir run` the configuration is announced, and the session ends: the runtime keeps what was announced on its disk,
// and hands it to the next session. Flow keeps what is announced as well, encrypted, and starts the task anew by itself.

import type { Logger } from '@weir/connector';
import type { JsonText } from '@weir/protocol';
import { isJsonObject, type JsonObject, type JsonValue, parseJson } from '@weir/schema/json';
import { errors } from '../errors.ts';
import type { ApiRequest } from '../http/request.ts';

export interface ConfigKeeper {
  /** Whether a configuration can be kept here at all. */
  readonly canKeep: boolean;
  /**
   * Keeps the configuration with other members of `credentials`. Resolves when they may be used; rejects when only the next
   * session may use them.
   */
  keep(credentials: Readonly<Record<string, string>>, signal: AbortSignal): Promise<void>;
}

/** Where nothing can be kept: a refresh token that may be used once is not used. */
export const keepsNothing: ConfigKeeper = {
  canKeep: false,
  keep: async () => {
    throw errors.CDK_TOKEN_NOT_KEPT({
      message: 'The access token has expired, and a new one could not be kept here.',
    });
  },
};

/**
 * `config`: as the session was opened with. `end` asks the session to end, and gives the reason with which what waits for a
 * token is to end.
 */
export function keptByRuntime(config: () => JsonText, log: Logger, end: () => Error): ConfigKeeper {
  let ended: Error | undefined;
  return {
    canKeep: true,
    keep: async (credentials) => {
      // Announced once: whoever asks later, while the session is ending, waits for the same next session.
      if (ended !== undefined) throw ended;
      log.configUpdate(changedConfig(config(), credentials));
      ended = end();
      throw ended;
    },
  };
}

/** Flow's own service, unless `ENCRYPTION_URL` names another. */
const ENCRYPTION_URL = 'https://config-encryption.estuary.dev/v1/encrypt-config';

export interface FlowKeeperOptions {
  readonly config: () => JsonText;
  readonly log: Logger;
  readonly configSchema: JsonValue;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly ask: (request: ApiRequest, signal: AbortSignal) => Promise<JsonValue>;
}

export function keptByFlow({ config, log, configSchema, env, ask }: FlowKeeperOptions): ConfigKeeper {
  return {
    canKeep: true,
    keep: async (credentials, signal) => {
      const json = { config: changedConfig(config(), credentials), schema: configSchema };
      const url = env['ENCRYPTION_URL'] ?? ENCRYPTION_URL;
      const encrypted = await ask(
        { method: 'POST', url, body: { json }, isSafe: true, isAnonymous: true },
        signal,
      );
      if (!isJsonObject(encrypted)) {
        throw errors.CDK_TOKEN_NOT_KEPT({ message: 'The service that encrypts configurations gave none.' });
      }
      log.configUpdate(encrypted);
    },
  };
}

/** Other members than those that are given stay as they are. */
function changedConfig(text: JsonText, credentials: Readonly<Record<string, string>>): JsonObject {
  const config = parseJson(text);
  if (!isJsonObject(config)) throw new TypeError('a configuration that is no object');
  const old = config['credentials'];
  return { ...config, credentials: { ...(isJsonObject(old) ? old : {}), ...credentials } };
}
