// Documents that arrive by themselves. Each publication is a checkpoint of its own, and whoever published it hears back
// once the runtime has committed it, so that a webhook is answered and a message is deleted only then.

import type { TaskContext } from './changes-task.ts';
import type { DocumentBatch, FeedStream } from './stream.ts';
import { TaskOutput } from './task-output.ts';

export async function runFeed(
  { targets, binding, stopping, log }: TaskContext,
  feed: FeedStream,
): Promise<void> {
  const publish = async (batches: Iterable<DocumentBatch>, abandoned?: AbortSignal): Promise<void> => {
    await using out = new TaskOutput(targets, binding);
    for (const batch of batches) await out.add(batch);
    const acknowledged = Promise.withResolvers<void>();
    // It may be rejected while the commit is still on its way, when nobody waits for it yet.
    acknowledged.promise.catch(() => undefined);
    const onAbort = (): void => acknowledged.reject(stopping.hard.reason);
    stopping.hard.addEventListener('abort', onAbort, { once: true });
    try {
      await out.commit({}, acknowledged.resolve, abandoned);
      await acknowledged.promise;
    } finally {
      stopping.hard.removeEventListener('abort', onAbort);
    }
  };
  await feed.run({ signal: stopping.gentle, log, publish });
}
