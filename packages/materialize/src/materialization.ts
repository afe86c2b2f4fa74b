// What a materialization is to this kit: data about itself, and a function for each request of the protocol.

import type { ConnectorSpec, Logger } from '@weir/connector';
import type {
  CollectionSpec,
  FieldSelection,
  JsonText,
  MaterializationSpec,
  MaterializeValidatedBinding,
  RangeSpec,
} from '@weir/protocol';
import type { JsonObject } from '@weir/schema/json';
import type { DbtJobTrigger } from './dbt-cloud-job.ts';
import type { StatePatch, Transactor } from './transactor.ts';

export type ResourcePath = readonly string[];

export interface ValidateBinding<Resource> {
  readonly index: number;
  readonly resource: Resource;
  readonly collection: CollectionSpec;
  /** Per field; see `parseFieldConfig`. */
  readonly fieldConfig: Readonly<Record<string, JsonText>>;
  readonly backfill: number;
  /** The fields that identify a row, when they are not those of the collection's key. */
  readonly groupBy: readonly string[];
}

export interface ValidateTarget<Resource> {
  readonly bindings: readonly ValidateBinding<Resource>[];
  /** The spec that was applied last. */
  readonly last: MaterializationSpec | undefined;
}

export interface MaterializationBinding<Resource> {
  readonly index: number;
  readonly resource: Resource;
  readonly resourcePath: ResourcePath;
  readonly collection: CollectionSpec;
  readonly fieldSelection: FieldSelection;
  readonly deltaUpdates: boolean;
  readonly backfill: number;
  readonly stateKey: string;
}

export interface ApplyTarget<Resource> {
  readonly spec: MaterializationSpec;
  readonly bindings: readonly MaterializationBinding<Resource>[];
  readonly version: string;
  readonly last: MaterializationSpec | undefined;
  readonly lastVersion: string;
  /** The connector's state, when the runtime supplies it; then `ApplyResult.state` is kept, and apply called again. */
  readonly state: JsonObject | undefined;
}

export interface ApplyResult {
  /** What was done, one line for each thing; '' for nothing. */
  readonly actionDescription: string;
  /** Only when it changes the state. */
  readonly state?: StatePatch | undefined;
}

export interface RequestContext {
  readonly log: Logger;
  readonly signal: AbortSignal;
  readonly taskName: string;
}

export interface MaterializeSession<Config, Resource> extends RequestContext {
  readonly config: Config;
  readonly bindings: readonly MaterializationBinding<Resource>[];
  readonly version: string;
  /** The slice of key hashes that is this session's; a fence covers exactly it. */
  readonly range: RangeSpec;
  /** The state as it was committed, with exact numbers. */
  readonly state: JsonObject;
  readonly spec: MaterializationSpec;
}

export interface Materialization<Config, Resource> {
  /** The connector's own name, for instance `materialize-postgres`. */
  readonly name: string;
  readonly spec: ConnectorSpec<Config, Resource>;
  /** Rewrites an older form of the endpoint configuration before it is decoded. */
  upgradeConfig?(raw: Record<string, unknown>): Record<string, unknown>;
  /** Checks what a schema cannot; throws. */
  checkConfig?(config: Config): void;
  /** The job of dbt Cloud to run when data is there, if the configuration names one. */
  dbtJob?(config: Config): DbtJobTrigger | undefined;
  /** Reads the destination, changes nothing. One answer for each binding, in their order. */
  validate(
    config: Config,
    target: ValidateTarget<Resource>,
    context: RequestContext,
  ): Promise<readonly MaterializeValidatedBinding[]>;
  /** Makes the destination fit the spec. Idempotent: it may be repeated after any part of it. */
  apply(config: Config, target: ApplyTarget<Resource>, context: RequestContext): Promise<ApplyResult>;
  /** Opens a session: connects, installs the fence, reads the checkpoint. */
  open(session: MaterializeSession<Config, Resource>): Promise<Transactor>;
}
