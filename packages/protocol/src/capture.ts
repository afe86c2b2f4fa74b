// Messages of the capture protocol. `kind` names the one member that is set on the wire.

import type {
  CaptureSpec,
  CollectionSpec,
  ConnectorState,
  ConnectorType,
  OAuth2,
  RangeSpec,
} from './flow-spec.ts';
import type { JsonBytes, JsonText } from './json-text.ts';

export interface CaptureSpecRequest {
  readonly kind: 'spec';
  readonly connectorType: ConnectorType;
  readonly config: JsonText;
}

export interface CaptureDiscoverRequest {
  readonly kind: 'discover';
  readonly connectorType: ConnectorType;
  readonly config: JsonText;
  readonly name: string;
}

export interface CaptureValidateBinding {
  readonly resourceConfig: JsonText;
  readonly collection: CollectionSpec;
  readonly backfill: number;
}

export interface CaptureValidateRequest {
  readonly kind: 'validate';
  readonly name: string;
  readonly connectorType: ConnectorType;
  readonly config: JsonText;
  readonly bindings: readonly CaptureValidateBinding[];
  readonly lastCapture?: CaptureSpec;
  readonly lastVersion: string;
}

export interface CaptureApplyRequest {
  readonly kind: 'apply';
  readonly capture: CaptureSpec;
  readonly version: string;
  readonly lastCapture?: CaptureSpec;
  readonly lastVersion: string;
  readonly state?: JsonText;
}

export interface CaptureOpenRequest {
  readonly kind: 'open';
  readonly capture: CaptureSpec;
  readonly version: string;
  readonly range: RangeSpec;
  readonly state: JsonText;
}

/** The oldest `checkpoints` checkpoints not yet acknowledged are committed. */
export interface CaptureAcknowledgeRequest {
  readonly kind: 'acknowledge';
  readonly checkpoints: number;
}

export type CaptureRequest =
  | CaptureSpecRequest
  | CaptureDiscoverRequest
  | CaptureValidateRequest
  | CaptureApplyRequest
  | CaptureOpenRequest
  | CaptureAcknowledgeRequest;

export interface CaptureSpecResponse {
  readonly kind: 'spec';
  readonly protocol: number;
  readonly configSchema: JsonText;
  readonly resourceConfigSchema: JsonText;
  readonly documentationUrl: string;
  readonly oauth2?: OAuth2;
  readonly resourcePathPointers: readonly string[];
}

export interface DiscoveredBinding {
  readonly recommendedName: string;
  readonly resourceConfig: JsonText;
  readonly documentSchema: JsonText;
  readonly key: readonly string[];
  readonly disable: boolean;
  readonly resourcePath: readonly string[];
  readonly isFallbackKey: boolean;
}

export interface CaptureDiscoveredResponse {
  readonly kind: 'discovered';
  readonly bindings: readonly DiscoveredBinding[];
}

export interface CaptureValidatedResponse {
  readonly kind: 'validated';
  /** In the order of the request; each path is unique in the task. */
  readonly bindings: readonly { readonly resourcePath: readonly string[] }[];
}

export interface CaptureAppliedResponse {
  readonly kind: 'applied';
  /** '' when nothing had to be done. */
  readonly actionDescription: string;
  readonly state?: ConnectorState;
}

export interface CaptureOpenedResponse {
  readonly kind: 'opened';
  readonly explicitAcknowledgements: boolean;
}

export interface CapturedResponse {
  readonly kind: 'captured';
  readonly binding: number;
  readonly doc: JsonBytes;
}

/** Everything captured since the last checkpoint commits together with this state. */
export interface CaptureCheckpointResponse {
  readonly kind: 'checkpoint';
  readonly state: ConnectorState;
}

export interface SourcedSchemaResponse {
  readonly kind: 'sourcedSchema';
  readonly binding: number;
  readonly schema: JsonText;
}

export type CaptureResponse =
  | CaptureSpecResponse
  | CaptureDiscoveredResponse
  | CaptureValidatedResponse
  | CaptureAppliedResponse
  | CaptureOpenedResponse
  | CapturedResponse
  | CaptureCheckpointResponse
  | SourcedSchemaResponse;
