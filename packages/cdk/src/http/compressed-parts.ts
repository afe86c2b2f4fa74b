// Compressed parts that stand one behind another: the entries of a ZIP file, the frames of a zstd body. Where a part ends is
// known only to what decompresses it; the bytes behind it are given back.

import { createZstdDecompress, type InflateRaw, type ZstdDecompress } from 'node:zlib';
import { errors } from '../errors.ts';
import { ByteSource } from './byte-source.ts';

/** One part, from where the source is. `onEnd`: how many bytes of the source it was. */
export async function* decompressedPart(
  source: ByteSource,
  stage: InflateRaw | ZstdDecompress,
  onEnd: (packedBytes: number) => void = () => undefined,
): AsyncGenerator<Uint8Array, void, void> {
  let failure: unknown;
  const feeding = feed(source, stage).catch((error: unknown) => {
    failure = error;
    stage.destroy(error as Error);
  });
  try {
    yield* stage as AsyncIterable<Uint8Array>;
  } catch (cause) {
    // A failure of the network is its own, and not one of the format.
    if (failure !== undefined) throw failure;
    throw errors.CDK_BODY_INVALID({ message: 'A compressed body is damaged, or was cut off.', cause });
  } finally {
    stage.destroy();
    await feeding;
  }
  onEnd(stage.bytesWritten);
}

/** Gives it bytes until it has seen the end of its part, and puts back those behind. */
async function feed(source: ByteSource, stage: InflateRaw | ZstdDecompress): Promise<void> {
  const ended = new Promise<'ended'>((resolve) => {
    for (const event of ['end', 'close'] as const) stage.once(event, () => resolve('ended'));
  });
  let given = 0;
  for (;;) {
    const chunk = await source.next();
    if (chunk === undefined) {
      // It fails by itself if its part is not whole.
      stage.end();
      return void (await ended);
    }
    given += chunk.length;
    const written = new Promise<'written'>((resolve) => stage.write(chunk, () => resolve('written')));
    if ((await Promise.race([written, ended])) === 'written' && stage.bytesWritten === given) continue;
    await ended;
    const left = given - stage.bytesWritten;
    if (left > 0) source.unread(chunk.subarray(chunk.length - left));
    return;
  }
}

/** All frames of a zstd body (RFC 8878 §3). Node's own stream ends with the first of them, and says nothing of the others. */
export async function* zstdFrames(body: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array, void, void> {
  const source = new ByteSource(body);
  for (;;) {
    const chunk = await source.next();
    if (chunk === undefined) return;
    source.unread(chunk);
    yield* decompressedPart(source, createZstdDecompress());
  }
}
