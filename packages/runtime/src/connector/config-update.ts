// The event by which a connector says that its configuration is another one from now on: a log whose fields hold all of
// it. It is taken out of the log at once, since it holds secrets that nobody knows yet to keep out of what is shown.
//
// The connector has spent for it what it cannot spend twice, and ends. So an update that could not be kept is held, and its
// end is told only when it is kept: once a full disk has room again, nothing is lost.

import { setTimeout as delay } from 'node:timers/promises';
import type { JsonText } from '@weir/protocol';
import { isJsonObject, parseJson } from '@weir/schema';
import { errors } from '../errors.ts';
import type { OpsLog } from './ops-log.ts';

export interface ConfigUpdate {
  /** What remains to be shown. */
  readonly log: OpsLog;
  /** undefined: it was any other log. */
  readonly config: JsonText | undefined;
}

export function takeConfigUpdate(log: OpsLog): ConfigUpdate {
  if (log.fields['eventType'] !== 'configUpdate') return { log, config: undefined };
  const { config, ...fields } = log.fields;
  const isObject = typeof config === 'object' && config !== null && !Array.isArray(config);
  return { log: { ...log, fields }, config: isObject ? JSON.stringify(config) : undefined };
}

/** The first wait before what could not be kept is tried again; each is twice as long. */
const FIRST_WAIT_MS = 250;
const LONGEST_WAIT_MS = 30_000;

export interface ConfigUpdatesOptions {
  /** How messages name the connector. */
  readonly connector: string;
  /** Keeps a configuration durably, or throws. */
  readonly keep: (config: JsonText) => void;
  /** Told of everything that could not be kept. */
  readonly onFailure: (failure: unknown) => void;
}

export class ConfigUpdates {
  readonly #options: ConfigUpdatesOptions;
  readonly #stopping = new AbortController();
  #held: JsonText | undefined;
  #failure: { readonly reason: unknown } | undefined;

  constructor(options: ConfigUpdatesOptions) {
    this.#options = options;
  }

  take(config: JsonText): void {
    if (isEncrypted(config)) {
      this.#fail(
        errors.CONNECTOR_CONFIG_ENCRYPTED({
          message: `The connector ${this.#options.connector} announced a new configuration that is encrypted, which only Flow can open.`,
        }),
      );
      return;
    }
    this.#held = config;
    this.#tryToKeep();
  }

  /** Once the connector has ended: resolves when everything is kept. Throws when it cannot be, or not before the stop. */
  async settled(): Promise<void> {
    let waitMs = FIRST_WAIT_MS;
    while (this.#held !== undefined && !this.#stopping.signal.aborted) {
      await delay(waitMs, undefined, { signal: this.#stopping.signal }).catch(() => undefined);
      waitMs = Math.min(waitMs * 2, LONGEST_WAIT_MS);
      this.#tryToKeep();
    }
    if (this.#failure !== undefined) throw this.#failure.reason;
  }

  /** Nobody waits any more: what is held is tried a last time. */
  stop(): void {
    if (this.#held !== undefined) this.#tryToKeep();
    this.#stopping.abort();
  }

  #tryToKeep(): void {
    if (this.#held === undefined) return;
    try {
      this.#options.keep(this.#held);
      this.#held = undefined;
      this.#failure = undefined;
    } catch (reason) {
      this.#fail(reason);
    }
  }

  #fail(reason: unknown): void {
    this.#failure = { reason };
    this.#options.onFailure(reason);
  }
}

function isEncrypted(config: JsonText): boolean {
  const value = parseJson(config);
  return isJsonObject(value) && isJsonObject(value['sops'] ?? null);
}
