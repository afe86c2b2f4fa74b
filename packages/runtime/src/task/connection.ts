// A task's view of its connector: a process that has answered Spec, and then takes one Apply or one Open session.
// `ConnectorProcess` is one; scripted connectors of tests are others.

import type {
  CaptureRequest,
  CaptureResponse,
  MaterializeRequest,
  MaterializeResponse,
} from '@weir/protocol';

export interface Connection<Request, Response> {
  /** Puts a request into the current batch, and keeps nothing of it. False: await `flush()` before sending much more. */
  send(request: Request): boolean;
  /** Hands over everything sent, waiting for a connector that reads slowly. */
  flush(): Promise<void>;
  /** The next messages, at least one; undefined when the connector ended cleanly. Throws when it failed. */
  receive(): Promise<readonly Response[] | undefined>;
  /**
   * As `receive`, for a session, whose messages carry volume: each is valid until the next is asked for, and no more are
   * read from the connector before all of these are taken.
   */
  messages(): Promise<Iterable<Response> | undefined>;
  /** Half-closes: the connector is to finish and exit. */
  endInput(): Promise<void>;
  /** Ends the process, gently for `graceMs`, whatever it still writes. */
  stop(graceMs?: number): Promise<unknown>;
}

export type CaptureConnection = Connection<CaptureRequest, CaptureResponse>;
export type MaterializeConnection = Connection<MaterializeRequest, MaterializeResponse>;

/** Starts a fresh process of the task's connector. */
export type Connect<C> = () => Promise<C>;
