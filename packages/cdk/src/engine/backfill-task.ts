// The history of a stream, beside its changes: calls `fetchPage` from the last page position until it ends without one.
// Both run at the same time from the start. A row that changes while it is on its way is taken by the changes too, and
// the collection keeps the newer one; what the backfill covers ends exactly where the changes begin.

import { equalJson, isJsonObject, type JsonValue } from '@weir/schema/json';
import { errors } from '../errors.ts';
import { partName } from './api-binding.ts';
import type { TaskContext } from './changes-task.ts';
import type { ChangeStream, Cursor, PagePosition } from './stream.ts';
import { TaskOutput } from './task-output.ts';

/** True once the backfill is complete; false when the session ended before. */
export async function runBackfill(context: TaskContext, stream: ChangeStream<Cursor>): Promise<boolean> {
  const { targets, binding, pages, stopping } = context;
  await using out = new TaskOutput(targets, binding);
  try {
    return await backfill(context, stream, out);
  } catch (failure) {
    if (!stopping.wasAskedWith(failure)) stopping.fail(failure);
    throw failure;
  } finally {
    if (stream.readsOn === true) pages.abandon(out, stopping.gentle.reason);
    // What was read and not committed never will be: nobody has to wait for it.
    else pages.lands(out);
  }
}

async function backfill(
  { binding, part, state, pages, clock, stopping, turns, log }: TaskContext,
  stream: ChangeStream<Cursor>,
  out: TaskOutput,
): Promise<boolean> {
  const running = state.backfill(part);
  if (running === undefined) return true;
  if (stream.fetchPage === undefined) {
    await out.commit(state.setBackfill(part, undefined));
    return true;
  }
  const { cutoff } = running;
  const { isConnectorInitiated } = state;
  let { page } = running;
  log.info('beginning backfill', { stream: binding.name, observable: true, resumed: page !== undefined });
  let isOpen = false;
  while (!stopping.isAsked) {
    let endsWithPage = false;
    const waitingSinceMs = clock.now();
    // Otherwise changes that keep up with the clock would never let it read.
    using _turn = await turns?.take(() => waitingSinceMs, stopping.gentle);
    const call = { page, cutoff, isConnectorInitiated, signal: stopping.hard, log, nowMs: clock.now() };
    pages.departs(out);
    for await (const event of stream.fetchPage(call)) {
      stopping.hard.throwIfAborted();
      endsWithPage = event.kind === 'page';
      if (event.kind === 'documents') await out.add(event);
      else if (event.kind === 'deletions') await out.addDeletions(event);
      else {
        assertMoved(partName(binding, part), page, event.page);
        if (event.isOpen === true && turns !== undefined) throw opensInTurn(partName(binding, part));
        page = event.page;
        await out.commit(state.setBackfill(part, { cutoff, page }));
        isOpen = event.isOpen === true;
        if (stopping.isAsked) return false;
        if (isOpen) continue;
        pages.lands(out);
        if (stream.readsOn !== true) pages.departs(out);
      }
    }
    if (endsWithPage) {
      // Nothing is being read while it waits for its turn, or those who wait for it would keep the turn.
      if (!isOpen) pages.lands(out);
      continue;
    }
    await out.commit(state.setBackfill(part, undefined));
    pages.lands(out);
    log.info('backfill complete', { stream: binding.name, observable: true });
    return true;
  }
  return false;
}

/** Changes that wait for what is being read would keep the turn that it needs. */
function opensInTurn(name: string): Error {
  return errors.CDK_STREAM_DEFECT({
    message: `The backfill of ${name} reads on behind a position, and so cannot take turns with other parts (atOnce).`,
  });
}

function assertMoved(name: string, before: PagePosition | undefined, after: PagePosition): void {
  if (holdsNull(after)) {
    throw errors.CDK_STREAM_DEFECT({
      message: `A page position of ${name} holds a null, which a state cannot.`,
    });
  }
  if (before === undefined || !equalJson(before, after)) return;
  throw errors.CDK_PAGING_LOOP({ message: `The backfill of ${name} was led from a page to the same page.` });
}

function holdsNull(value: JsonValue): boolean {
  return value === null || (isJsonObject(value) && Object.values(value).some(holdsNull));
}
