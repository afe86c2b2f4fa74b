export type * from './capture.ts';
export type * from './flow-spec.ts';
export type * from './json-text.ts';
export type * from './materialize.ts';
export { decodeCheckpoint, encodeCheckpoint } from './checkpoint.ts';
export { createDecoder, createEncoder, sniffCodec } from './codec.ts';
export type { CodecName, DecoderOptions, FrameDecoder, FrameEncoder, Messages } from './codec.ts';
export { catalogue as protocolErrors } from './errors.ts';
export { FULL_RANGE, PROTOCOL_VERSION } from './flow-spec.ts';
export { MAX_MESSAGE_BYTES } from './frame.ts';
export { highwayHash32, highwayHash64, highwayKey } from './highway-hash.ts';
export type { HighwayKey } from './highway-hash.ts';
export {
  isJsonNull,
  JsonArrayCursor,
  JsonObjectCursor,
  skipJsonString,
  skipJsonValue,
  skipJsonWhitespace,
} from './json-slice.ts';
export { captureKeyHash, captureKeyHash64, keyHash, rangeIncludes } from './key-hash.ts';
export { EXPLICIT_ZERO_CHECKPOINT } from './materialize.ts';
export {
  captureSpecFromJson,
  captureSpecToJson,
  materializationSpecFromJson,
  materializationSpecToJson,
} from './spec-json.ts';
export { journalReadSuffix, stateKey } from './state-key.ts';
export { CapturedFrame } from './captured-frame.ts';
export { StoreFrame } from './store-frame.ts';
export { packTuple, TupleDouble, TupleReader, unpackTuple } from './tuple.ts';
export type { TupleElement } from './tuple.ts';
export { TupleCursor } from './tuple-cursor.ts';
export type { TupleKind } from './tuple-cursor.ts';
export { TuplePacker } from './tuple-packer.ts';
export {
  clockFromUnix,
  clockToUnixNanoseconds,
  formatUuid,
  parseUuid,
  producerId,
  tick,
  unixTimeAt,
  unixTimeOfUuid,
  UUID_FLAGS,
  UUID_LENGTH,
  UUID_PLACEHOLDER,
  UuidStamper,
  writeUuid,
} from './uuid.ts';
export type { Clock, UuidParts } from './uuid.ts';
export { defineErrors, WeirError } from './weir-error.ts';
export type { ErrorCatalogue, ErrorDefinition, ErrorDetail, Failure, RetryPolicy } from './weir-error.ts';
