// Apply: brings the endpoint in line with the task's specification before a session opens. Idempotent; repeated as long
// as the connector answers with a change of its state, which is persisted before it is asked again.

import type { ConnectorState } from '@weir/protocol';
import { errors } from '../errors.ts';
import type { Connect, Connection } from './connection.ts';

const applyLimit = 64;

export interface Applied {
  readonly kind: 'applied';
  readonly actionDescription: string;
  readonly state?: ConnectorState;
}

export interface ApplyOptions<Request, Response> {
  readonly task: string;
  readonly connect: Connect<Connection<Request, Response | Applied>>;
  /** The request, with the state as it is now. */
  readonly request: () => Request;
  /** Persists the state that an Applied carries. */
  readonly onState: (state: ConnectorState) => void;
  readonly onApplied: (actionDescription: string) => void;
  /** Takes over the process once it has answered; without it, the process has to end cleanly. */
  readonly keep?: ((connection: Connection<Request, Response | Applied>) => void) | undefined;
}

export async function applyUntilSettled<Request, Response extends { readonly kind: string }>(
  options: ApplyOptions<Request, Response>,
): Promise<void> {
  for (let round = 0; round < applyLimit; round++) {
    const applied = await applyOnce(options);
    if (applied.actionDescription !== '') options.onApplied(applied.actionDescription);
    if (applied.state === undefined || isEmptyPatch(applied.state)) return;
    options.onState(applied.state);
  }
  throw errors.CONNECTOR_PROTOCOL({
    message: `The connector of ${options.task} answered ${applyLimit} times to Apply with another change of its state.`,
  });
}

async function applyOnce<Request, Response extends { readonly kind: string }>(
  options: ApplyOptions<Request, Response>,
): Promise<Applied> {
  const connection = await options.connect();
  let isKept = false;
  try {
    connection.send(options.request());
    await connection.flush();
    const batch = await connection.receive();
    const [applied] = batch ?? [];
    if (batch?.length !== 1 || applied === undefined || !isApplied(applied)) {
      const got = applied === undefined ? 'the end of its output' : applied.kind;
      throw errors.CONNECTOR_PROTOCOL({
        message: `The connector of ${options.task} broke the protocol: expected applied, got ${got}.`,
      });
    }
    if (options.keep !== undefined) {
      options.keep(connection);
      isKept = true;
      return applied;
    }
    await connection.endInput();
    if ((await connection.receive()) !== undefined) {
      throw errors.CONNECTOR_PROTOCOL({
        message: `The connector of ${options.task} broke the protocol: it went on after applied.`,
      });
    }
    return applied;
  } finally {
    if (!isKept) await connection.stop();
  }
}

function isApplied(message: { readonly kind: string }): message is Applied {
  return message.kind === 'applied';
}

function isEmptyPatch(state: ConnectorState): boolean {
  return state.mergePatch && state.updated.replaceAll(/\s/g, '') === '{}';
}
