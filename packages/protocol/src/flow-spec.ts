// The flow.* messages that both protocols share: collections, projections, built task specs, checkpoints.
// Absent repeated fields are [], absent strings '', absent numbers 0, absent
// booleans false; absent messages and absent embedded JSON are undefined.

import type { JsonText } from './json-text.ts';

/** The protocol number of every Spec response. */
export const PROTOCOL_VERSION = 3032023;

/** Strings, nested objects and arrays longer than this are cut by the runtime before they reach the connector; 0 = no limit. */
export interface SerPolicy {
  readonly strTruncateAfter: number;
  readonly nestedObjTruncateAfter: number;
  readonly arrayTruncateAfter: number;
}

/** Inclusive ranges of unsigned 32-bit key hashes and r-clocks. */
export interface RangeSpec {
  readonly keyBegin: number;
  readonly keyEnd: number;
  readonly rClockBegin: number;
  readonly rClockEnd: number;
}

export const FULL_RANGE: RangeSpec = {
  keyBegin: 0,
  keyEnd: 0xffffffff,
  rClockBegin: 0,
  rClockEnd: 0xffffffff,
};

/** A replacement of the connector's state, or an RFC 7396 patch of it. */
export interface ConnectorState {
  readonly updated: JsonText;
  readonly mergePatch: boolean;
}

export type InferenceType =
  | 'null'
  | 'boolean'
  | 'object'
  | 'array'
  | 'integer'
  | 'number'
  | 'fractional'
  | 'string';
export type Exists = 'INVALID' | 'MUST' | 'MAY' | 'IMPLICIT' | 'CANNOT';

export interface StringInference {
  readonly contentType: string;
  readonly format: string;
  readonly contentEncoding: string;
  /** In code points; 0 = no limit. */
  readonly maxLength: number;
}

export interface NumericInference {
  readonly hasMinimum: boolean;
  readonly minimum: number;
  readonly hasMaximum: boolean;
  readonly maximum: number;
}

export interface ArrayInference {
  readonly minItems: number;
  readonly hasMaxItems: boolean;
  readonly maxItems: number;
  readonly itemTypes: readonly InferenceType[];
}

export interface Inference {
  readonly types: readonly InferenceType[];
  readonly string?: StringInference;
  readonly numeric?: NumericInference;
  readonly array?: ArrayInference;
  readonly title: string;
  readonly description: string;
  readonly default?: JsonText;
  readonly secret: boolean;
  readonly exists: Exists;
  readonly enum: readonly JsonText[];
}

export interface Projection {
  readonly ptr: string;
  readonly field: string;
  readonly explicit: boolean;
  readonly isPartitionKey: boolean;
  readonly isPrimaryKey: boolean;
  readonly inference: Inference;
}

export interface CollectionSpec {
  readonly name: string;
  readonly key: readonly string[];
  readonly uuidPtr: string;
  readonly partitionFields: readonly string[];
  readonly projections: readonly Projection[];
  readonly ackTemplate?: JsonText;
  readonly writeSchema: JsonText;
  /** Absent: the write schema is also the read schema. */
  readonly readSchema?: JsonText;
}

export interface FieldSelection {
  readonly keys: readonly string[];
  readonly values: readonly string[];
  /** The field of the root document, or ''. */
  readonly document: string;
  readonly fieldConfig: Readonly<Record<string, JsonText>>;
}

export type ConnectorType = 'INVALID_CONNECTOR_TYPE' | 'IMAGE' | 'LOCAL' | 'SQLITE' | 'DEKAF';

export interface CaptureBindingSpec {
  readonly resourceConfig: JsonText;
  readonly resourcePath: readonly string[];
  readonly collection: CollectionSpec;
  readonly backfill: number;
  readonly stateKey: string;
}

export interface CaptureSpec {
  readonly name: string;
  readonly connectorType: ConnectorType;
  readonly config: JsonText;
  readonly bindings: readonly CaptureBindingSpec[];
  readonly intervalSeconds: number;
  readonly inactiveBindings: readonly CaptureBindingSpec[];
  readonly redactSalt?: Buffer;
}

export interface MaterializationBindingSpec {
  readonly resourceConfig: JsonText;
  readonly resourcePath: readonly string[];
  readonly collection: CollectionSpec;
  readonly fieldSelection: FieldSelection;
  readonly deltaUpdates: boolean;
  readonly journalReadSuffix: string;
  readonly priority: number;
  /** RFC 3339, or ''. */
  readonly notBefore: string;
  readonly notAfter: string;
  readonly backfill: number;
  readonly stateKey: string;
  readonly serPolicy?: SerPolicy;
}

export interface MaterializationSpec {
  readonly name: string;
  readonly connectorType: ConnectorType;
  readonly config: JsonText;
  readonly bindings: readonly MaterializationBindingSpec[];
  readonly inactiveBindings: readonly MaterializationBindingSpec[];
}

/** OAuth2 templates of a Spec response. */
export interface OAuth2 {
  readonly provider: string;
  readonly authUrlTemplate: string;
  readonly accessTokenUrlTemplate: string;
  readonly accessTokenMethod: string;
  readonly accessTokenBody: string;
  readonly accessTokenHeaders: Readonly<Record<string, JsonText>>;
  readonly accessTokenResponseMap: Readonly<Record<string, JsonText>>;
  readonly refreshTokenUrlTemplate: string;
  readonly refreshTokenMethod: string;
  readonly refreshTokenBody: string;
  readonly refreshTokenHeaders: Readonly<Record<string, JsonText>>;
  readonly refreshTokenResponseMap: Readonly<Record<string, JsonText>>;
}

/** Where one producer's documents of a journal have been read and committed to. */
export interface ProducerState {
  /** Six bytes. */
  readonly id: Buffer;
  readonly lastAck: bigint;
  /** Byte offset of the first uncommitted document, or -1. */
  readonly begin: bigint;
}

export interface CheckpointSource {
  /** Byte offset in the journal. */
  readonly readThrough: bigint;
  readonly producers: readonly ProducerState[];
}

/** consumer.Checkpoint: opaque to connectors, which store its bytes and return them unchanged. Keys are `journal;suffix`. */
export interface Checkpoint {
  readonly sources: Readonly<Record<string, CheckpointSource>>;
  readonly ackIntents: Readonly<Record<string, Buffer>>;
}
