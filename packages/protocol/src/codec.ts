// Messages in, bytes out, and back: the two codecs of the protocol for each direction of both protocols.
//
// Invariants. A decoder's messages that carry documents or keys alias the chunks that were pushed, which therefore must not
// be reused before `release`; all others own their bytes. An encoder writes a message whole or not at all. Both hold each
// message to the limit of 64 MiB.

import { ByteWriter } from './byte-writer.ts';
import type { CaptureRequest, CaptureResponse } from './capture.ts';
import { captureRequest, captureResponse } from './descriptors/capture.ts';
import type { DirectionDescriptor } from './descriptors/direction.ts';
import { materializeRequest, materializeResponse } from './descriptors/materialize.ts';
import { jsonSplitter, MAX_MESSAGE_BYTES, messageTooLarge, protoSplitter } from './frame.ts';
import { decodeJsonFrame } from './json-frame.ts';
import { HotFields } from './hot-fields.ts';
import {
  writeJsonCaptureAcknowledge,
  writeJsonCaptured,
  writeJsonLoad,
  writeJsonLoaded,
  writeJsonStore,
} from './hot-json.ts';
import {
  writeProtoCaptureAcknowledge,
  writeProtoCaptured,
  writeProtoCapturedRange,
  writeProtoLoad,
  writeProtoLoaded,
  writeProtoSourcedSchema,
  writeProtoStore,
} from './hot-proto.ts';
import { messageToJson } from './json-write.ts';
import type { MaterializeRequest, MaterializeResponse } from './materialize.ts';
import type { ReadOptions } from './message-value.ts';
import { decodeProtoFrame } from './proto-frame.ts';
import { writeDelimited, writeProtoMessage } from './proto-write.ts';
import { errors } from './errors.ts';

/** Documents up to this size are far from the limit of a message. */
const SMALL_DOCUMENT_BYTES = 1 << 20;

export type CodecName = 'json' | 'proto';

export interface Messages {
  'capture.Request': CaptureRequest;
  'capture.Response': CaptureResponse;
  'materialize.Request': MaterializeRequest;
  'materialize.Response': MaterializeResponse;
}

export interface DecoderOptions {
  /** 64 MiB by default. */
  readonly maxMessageBytes?: number;
  /** skip, by default: newer peers add fields. */
  readonly unknownFields?: 'skip' | 'reject';
  /** One object serves for all `captured` and one for all `store`: such a message is valid until the next is asked for. */
  readonly reuseFrames?: boolean;
}

export interface FrameDecoder<M> {
  /** Gives the chunk away: messages alias it and stay valid for as long as they are held, or until `release`. */
  push(chunk: Buffer): void;
  /** Takes no more interest in the chunks that were pushed: they may be written to, which ends messages that alias them. */
  release(): void;
  /** The next whole message, or undefined until more is pushed. Throws PROTOCOL_* errors. */
  next(): M | undefined;
  /** To be called at the end of the stream; throws PROTOCOL_PARTIAL_MESSAGE inside a message. */
  end(): void;
}

export interface FrameEncoder<M> {
  /** Copies the message's bytes, so that its buffers may be reused at once. Throws PROTOCOL_* errors. */
  write(message: M): void;
  /**
   * `count` documents of one binding that lie one after another in `bytes`, the n-th ending before `ends[n]`, as so many
   * `captured` messages, or none of them if it throws: of capture responses only. Faster than `write`, as nothing is
   * allocated for each.
   */
  writeCaptured(binding: number, bytes: Buffer, ends: ArrayLike<number>, count: number): void;
  /** Bytes written since the last `take`. */
  readonly byteLength: number;
  /** Hands over everything written so far; the encoder never touches those bytes again. */
  take(): Buffer;
  /** Allows the encoder to write again what `take` handed over, once nobody reads it any more. Not to be called twice. */
  giveBack(taken: Buffer): void;
}

const DIRECTIONS: { readonly [D in keyof Messages]: DirectionDescriptor } = {
  'capture.Request': captureRequest,
  'capture.Response': captureResponse,
  'materialize.Request': materializeRequest,
  'materialize.Response': materializeResponse,
};

/** Decodes one side of a stream. Frames whose only members are unknown are skipped with the other unknown fields. */
export function createDecoder<D extends keyof Messages>(
  direction: D,
  codec: CodecName,
  options: DecoderOptions = {},
): FrameDecoder<Messages[D]> {
  const descriptor = DIRECTIONS[direction];
  const limit = options.maxMessageBytes ?? MAX_MESSAGE_BYTES;
  const read: ReadOptions = { unknownFields: options.unknownFields ?? 'skip' };
  const splitter = codec === 'proto' ? protoSplitter(descriptor, limit) : jsonSplitter(descriptor, limit);
  const decode = codec === 'proto' ? decodeProtoFrame : decodeJsonFrame;
  const { queue } = splitter;
  const fields = new HotFields(read, options.reuseFrames);
  return {
    push: (chunk) => queue.push(chunk),
    release: () => queue.release(),
    next() {
      while (splitter.next()) {
        const message = decode(descriptor, fields, queue.bytes, queue.start, queue.end, read);
        // The tables of a direction are held to its message types by the compiler.
        if (message !== undefined) return message as unknown as Messages[D];
      }
      return undefined;
    },
    end: () => splitter.end(),
  };
}

type AnyMessage = Messages[keyof Messages];

function writeProto(writer: ByteWriter, descriptor: DirectionDescriptor, message: AnyMessage): void {
  switch (message.kind) {
    case 'captured':
      return writeProtoCaptured(writer, message);
    case 'loaded':
      return writeProtoLoaded(writer, message);
    case 'load':
      return writeProtoLoad(writer, message);
    case 'store':
      return writeProtoStore(writer, message);
    case 'sourcedSchema':
      return writeProtoSourcedSchema(writer, message);
    default:
      if (message.kind === 'acknowledge' && 'checkpoints' in message) {
        return writeProtoCaptureAcknowledge(writer, message);
      }
  }
  const member = memberOf(descriptor, message.kind);
  const mark = writer.byteLength;
  writer.fixed32(0);
  writer.varint(member.number * 8 + 2);
  writeDelimited(writer, () => writeProtoMessage(writer, member.message, message));
  writer.bytes.writeUInt32LE(writer.byteLength - mark - 4, writer.positionOf(mark));
}

function writeJson(writer: ByteWriter, descriptor: DirectionDescriptor, message: AnyMessage): void {
  switch (message.kind) {
    case 'captured':
      return writeJsonCaptured(writer, message);
    case 'loaded':
      return writeJsonLoaded(writer, message);
    case 'load':
      return writeJsonLoad(writer, message);
    case 'store':
      return writeJsonStore(writer, message);
    default:
      if (message.kind === 'acknowledge' && 'checkpoints' in message) {
        return writeJsonCaptureAcknowledge(writer, message);
      }
  }
  const member = memberOf(descriptor, message.kind);
  writer.utf8(`{"${member.kind}":${messageToJson(member.message, message)}}\n`);
}

function memberOf(descriptor: DirectionDescriptor, kind: string): DirectionDescriptor['members'][number] {
  const member = descriptor.byKind.get(kind);
  if (member === undefined) {
    throw errors.PROTOCOL_UNENCODABLE({ message: `${descriptor.name} has no message of kind '${kind}'.` });
  }
  return member;
}

export function createEncoder<D extends keyof Messages>(
  direction: D,
  codec: CodecName,
): FrameEncoder<Messages[D]> {
  const descriptor = DIRECTIONS[direction];
  const writer = new ByteWriter();
  const writeMessage = codec === 'proto' ? writeProto : writeJson;
  const framing = codec === 'proto' ? 4 : 1;
  const write = (message: AnyMessage): void => {
    const mark = writer.byteLength;
    try {
      writeMessage(writer, descriptor, message);
      const byteLength = writer.byteLength - mark - framing;
      if (byteLength > MAX_MESSAGE_BYTES) {
        throw messageTooLarge(`${descriptor.name} ${message.kind}`, byteLength, MAX_MESSAGE_BYTES);
      }
    } catch (error) {
      writer.truncate(mark);
      throw error;
    }
  };
  return {
    write,
    writeCaptured(binding, bytes, ends, count) {
      const mark = writer.byteLength;
      try {
        let start = 0;
        for (let index = 0; index < count; index += 1) {
          const end = ends[index] ?? start;
          const isSmall = end > start && end - start <= SMALL_DOCUMENT_BYTES;
          if (codec === 'proto' && isSmall) writeProtoCapturedRange(writer, binding, bytes, start, end);
          else write({ kind: 'captured', binding, doc: bytes.subarray(start, end) });
          start = end;
        }
      } catch (error) {
        writer.truncate(mark);
        throw error;
      }
    },
    get byteLength() {
      return writer.byteLength;
    },
    take: () => writer.take(),
    giveBack: (taken) => writer.giveBack(taken),
  };
}

/**
 * The codec of a stream by its first four bytes, or undefined while there are fewer. A length up to 64 MiB has a fourth
 * byte of at most 4; JSON text has no byte below the tab.
 */
export function sniffCodec(firstBytes: Buffer): CodecName | undefined {
  const fourth = firstBytes[3];
  if (fourth === undefined) return undefined;
  return fourth <= 4 ? 'proto' : 'json';
}
