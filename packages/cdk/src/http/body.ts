// Bodies of answers: whole, or begun.

import { errors } from '../errors.ts';

/** So much of a body is read before it is handed out. */
const READ_AHEAD_BYTES = 4 << 20;

/** Reads up to `limit` bytes; beyond them it fails, or ends if `cuts`. */
export async function readWhole(
  body: AsyncIterable<Uint8Array>,
  limit: number,
  cuts = false,
): Promise<Buffer> {
  const chunks: Uint8Array[] = [];
  let length = 0;
  for await (const chunk of body) {
    chunks.push(chunk);
    length += chunk.length;
    if (length <= limit) continue;
    if (cuts) break;
    throw errors.CDK_BODY_TOO_LARGE({
      message: `An answer that has to be taken whole has more than ${limit} bytes.`,
    });
  }
  return Buffer.concat(chunks);
}

/** Reads the beginning of a body. `over` is called when all of it has been read, or nobody reads on. */
export async function readAhead(
  body: AsyncIterable<Uint8Array>,
  over: () => void,
): Promise<AsyncIterable<Uint8Array>> {
  const chunks: Uint8Array[] = [];
  let length = 0;
  const rest = body[Symbol.asyncIterator]();
  while (length < READ_AHEAD_BYTES) {
    const { done, value } = await rest.next();
    if (done === true) {
      over();
      return bodyOf(...chunks);
    }
    chunks.push(value);
    length += value.length;
  }
  return continued(chunks, rest, over);
}

async function* continued(
  chunks: readonly Uint8Array[],
  rest: AsyncIterator<Uint8Array>,
  over: () => void,
): AsyncGenerator<Uint8Array, void, void> {
  try {
    yield* chunks;
    for (let next = await rest.next(); next.done !== true; next = await rest.next()) yield next.value;
  } finally {
    over();
    await rest.return?.();
  }
}

export async function* bodyOf(...chunks: readonly Uint8Array[]): AsyncGenerator<Uint8Array, void, void> {
  yield* chunks;
}
