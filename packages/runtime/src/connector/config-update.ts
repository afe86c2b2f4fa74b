// The event by which a connector says that its configuration is another one from now on: a log whose fields hold all of
// it. It is taken out of the log at once, since it holds secrets that nobody knows yet to keep out of what is shown.

import type { JsonText } from '@weir/protocol';
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
