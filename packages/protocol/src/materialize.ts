// Messages of the materialization protocol. `kind` names the one member that is set on the wire.

import type {
  Checkpoint,
  CollectionSpec,
  ConnectorState,
  ConnectorType,
  MaterializationSpec,
  OAuth2,
  RangeSpec,
  SerPolicy,
} from './flow-spec.ts';
import type { JsonBytes, JsonText } from './json-text.ts';

export interface MaterializeSpecRequest {
  readonly kind: 'spec';
  readonly connectorType: ConnectorType;
  readonly config: JsonText;
}

export interface MaterializeValidateBinding {
  readonly resourceConfig: JsonText;
  readonly collection: CollectionSpec;
  readonly fieldConfig: Readonly<Record<string, JsonText>>;
  readonly backfill: number;
  readonly groupBy: readonly string[];
}

export interface MaterializeValidateRequest {
  readonly kind: 'validate';
  readonly name: string;
  readonly connectorType: ConnectorType;
  readonly config: JsonText;
  readonly bindings: readonly MaterializeValidateBinding[];
  readonly lastMaterialization?: MaterializationSpec;
  readonly lastVersion: string;
}

export interface MaterializeApplyRequest {
  readonly kind: 'apply';
  readonly materialization: MaterializationSpec;
  readonly version: string;
  readonly lastMaterialization?: MaterializationSpec;
  readonly lastVersion: string;
  readonly state?: JsonText;
}

export interface MaterializeOpenRequest {
  readonly kind: 'open';
  readonly materialization: MaterializationSpec;
  readonly version: string;
  readonly range: RangeSpec;
  readonly state: JsonText;
}

export interface LoadRequest {
  readonly kind: 'load';
  readonly binding: number;
  /** Packed tuple of the selected keys. */
  readonly keyPacked: Buffer;
}

export interface FlushRequest {
  readonly kind: 'flush';
  /** JSON array of RFC 7396 patches of all shards; absent from older runtimes. */
  readonly statePatches?: JsonText;
}

export interface StoreRequest {
  readonly kind: 'store';
  readonly binding: number;
  readonly keyPacked: Buffer;
  /** Packed tuple of the selected values. */
  readonly valuesPacked: Buffer;
  /** Empty when the selection has no document field. */
  readonly doc: JsonBytes;
  readonly exists: boolean;
  readonly delete: boolean;
}

export interface StartCommitRequest {
  readonly kind: 'startCommit';
  readonly runtimeCheckpoint: Checkpoint;
  readonly statePatches?: JsonText;
}

export interface MaterializeAcknowledgeRequest {
  readonly kind: 'acknowledge';
  readonly statePatches?: JsonText;
}

export type MaterializeRequest =
  | MaterializeSpecRequest
  | MaterializeValidateRequest
  | MaterializeApplyRequest
  | MaterializeOpenRequest
  | LoadRequest
  | FlushRequest
  | StoreRequest
  | StartCommitRequest
  | MaterializeAcknowledgeRequest;

export type ConstraintType =
  | 'INVALID'
  | 'FIELD_REQUIRED'
  | 'LOCATION_REQUIRED'
  | 'LOCATION_RECOMMENDED'
  | 'FIELD_OPTIONAL'
  | 'FIELD_FORBIDDEN'
  | 'INCOMPATIBLE';

export interface Constraint {
  readonly type: ConstraintType;
  readonly reason: string;
  /** The endpoint's own name for the field, when it differs; ''. */
  readonly foldedField: string;
}

export interface ProjectionConstraint {
  readonly field: string;
  readonly constraint: Constraint;
}

export interface MaterializeValidatedBinding {
  /**
   * A field may carry several. JSON reads both `constraints` and `projectionConstraints` and writes the latter;
   * protobuf reads and writes the entries of `constraints`, where a reader that builds a map keeps a field's last.
   */
  readonly constraints: readonly ProjectionConstraint[];
  readonly resourcePath: readonly string[];
  readonly deltaUpdates: boolean;
  readonly serPolicy?: SerPolicy;
  readonly caseInsensitiveFields: boolean;
}

export interface MaterializeSpecResponse {
  readonly kind: 'spec';
  readonly protocol: number;
  readonly configSchema: JsonText;
  readonly resourceConfigSchema: JsonText;
  readonly documentationUrl: string;
  readonly oauth2?: OAuth2;
}

export interface MaterializeValidatedResponse {
  readonly kind: 'validated';
  readonly bindings: readonly MaterializeValidatedBinding[];
}

export interface MaterializeAppliedResponse {
  readonly kind: 'applied';
  readonly actionDescription: string;
  readonly state?: ConnectorState;
}

export interface MaterializeOpenedResponse {
  readonly kind: 'opened';
  /** Absent: the runtime's own checkpoint holds. `EXPLICIT_ZERO_CHECKPOINT`: start from nothing. */
  readonly runtimeCheckpoint?: Checkpoint | typeof EXPLICIT_ZERO_CHECKPOINT;
  readonly disableLoadOptimization: boolean;
}

/** An Opened checkpoint that says "read everything again, whatever the runtime remembers" (bytes f8 ff ff ff 0f 01). */
export const EXPLICIT_ZERO_CHECKPOINT = 'explicit-zero';

export interface LoadedResponse {
  readonly kind: 'loaded';
  readonly binding: number;
  readonly doc: JsonBytes;
}

export interface FlushedResponse {
  readonly kind: 'flushed';
  readonly state?: ConnectorState;
}

export interface StartedCommitResponse {
  readonly kind: 'startedCommit';
  readonly state?: ConnectorState;
}

export interface AcknowledgedResponse {
  readonly kind: 'acknowledged';
  readonly state?: ConnectorState;
}

export type MaterializeResponse =
  | MaterializeSpecResponse
  | MaterializeValidatedResponse
  | MaterializeAppliedResponse
  | MaterializeOpenedResponse
  | LoadedResponse
  | FlushedResponse
  | StartedCommitResponse
  | AcknowledgedResponse;
