// What a capture is to this kit: data about itself, and a function for each request of the protocol.

import type { ConnectorSpec, JsonSchema, Logger } from '@weir/connector';
import type { CaptureSpec, CollectionSpec, RangeSpec } from '@weir/protocol';
import type { CaptureOutput } from './capture-output.ts';
import type { Preview } from './preview.ts';

export type ResourcePath = readonly string[];

export interface CaptureConnectorSpec<Config, Resource> extends ConnectorSpec<Config, Resource> {
  /** JSON pointers into the resource config that together name a binding, for instance `/schema` and `/table`. */
  readonly resourcePathPointers: readonly string[];
}

/** A binding that the source could have. */
export interface DiscoveredResource<Resource> {
  readonly recommendedName: string;
  readonly resource: Resource;
  readonly documentSchema: JsonSchema;
  /** JSON pointers into the documents. */
  readonly key: readonly string[];
  readonly resourcePath: ResourcePath;
  readonly disable?: boolean;
  /** The key was made up, because the source has none. */
  readonly isFallbackKey?: boolean;
}

export interface ValidatedResource<Resource> {
  readonly index: number;
  readonly resource: Resource;
  readonly collection: CollectionSpec;
  /** How often its backfill has been asked for. */
  readonly backfill: number;
}

export interface CaptureBinding<Resource> extends ValidatedResource<Resource> {
  readonly resourcePath: ResourcePath;
  /** The name of this binding's state. */
  readonly stateKey: string;
}

export interface RequestContext {
  readonly log: Logger;
  readonly signal: AbortSignal;
  /** Name of the task, where the request has one; ''. */
  readonly taskName: string;
  /** Set when the task is only looked at. */
  readonly preview: Preview | undefined;
  /** The committed state, when the task is examined: of Validate only, and nothing may be made of it but findings. */
  readonly examinedState?: unknown;
}

export interface CaptureSession<Config, Resource, State> {
  readonly taskName: string;
  readonly config: Config;
  readonly bindings: readonly CaptureBinding<Resource>[];
  /** The state as it was committed, with exact numbers. */
  readonly state: Partial<State>;
  /** The slice of the key space that is this session's; everything on one machine. */
  readonly range: RangeSpec;
  /** Aborted when the session has to end; `pull` then returns, or rejects with the signal's reason. */
  readonly signal: AbortSignal;
  readonly log: Logger;
  /** Set when the task is only looked at. */
  readonly preview: Preview | undefined;
  readonly output: CaptureOutput;
  /** The whole built task, for what is not above. */
  readonly spec: CaptureSpec;
}

export interface Capture<Config, Resource, State extends object = object> {
  /** The connector's own name, for instance `source-postgres`. */
  readonly name: string;
  readonly spec: CaptureConnectorSpec<Config, Resource>;
  /** The source wants to know what is committed (replication slots, queues). False when absent. */
  readonly explicitAcknowledgements?: boolean;
  /** Rewrites an older form of the endpoint configuration before it is decoded. */
  upgradeConfig?(raw: Record<string, unknown>): Record<string, unknown>;
  /** Checks what a schema cannot; throws. */
  checkConfig?(config: Config): void;
  discover(config: Config, context: RequestContext): Promise<readonly DiscoveredResource<Resource>[]>;
  /** Checks the config against the source, and names each binding, in their order. `last` is the spec applied before. */
  validate(
    config: Config,
    bindings: readonly ValidatedResource<Resource>[],
    context: RequestContext,
    last: CaptureSpec | undefined,
  ): Promise<readonly ResourcePath[]>;
  /** Prepares the source, idempotently. Returns what it did, '' for nothing. `last` is the spec applied before. */
  apply(
    config: Config,
    bindings: readonly CaptureBinding<Resource>[],
    last: CaptureSpec | undefined,
    context: RequestContext,
  ): Promise<string>;
  /** What would be asked of the source, as text for people; without a configuration with its fields' names in braces. */
  explain?(config: Config | undefined): string;
  /** Captures until the source is exhausted, or for ever. */
  pull(session: CaptureSession<Config, Resource, State>): Promise<void>;
}
