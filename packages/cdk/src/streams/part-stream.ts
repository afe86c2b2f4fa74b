// One stream for each of many parts (accounts, stores, projects) that a call lists, each with a state of its own. Documents
// can say in `_meta` which part they are of, and that is then the first part of their key.

import type {
  ChangeEvent,
  ChangeStream,
  Cursor,
  PageCall,
  PageEvent,
  SnapshotStream,
  Stream,
} from '../engine/stream.ts';
import { errors } from '../errors.ts';

interface Mark {
  /** The member of `_meta` that holds the name of the part. */
  readonly as: string;
  /** It is no part of the key. */
  readonly isKeyless: boolean;
}

/** `opened`: the streams by the names of their parts. `mark`: nothing says the part when absent. */
export function streamOfParts(
  mark: Mark | undefined,
  opened: ReadonlyMap<string, Stream>,
  atOnce: number | undefined,
): Stream {
  const changes: Record<string, ChangeStream<Cursor>> = {};
  const snapshots: Record<string, SnapshotStream> = {};
  for (const [name, stream] of opened) {
    if (stream.kind === 'changes' && 'only' in stream.parts)
      changes[name] = mark === undefined ? stream.parts.only : marked(stream.parts.only, mark, name);
    else if (stream.kind === 'snapshot' && 'only' in stream.parts) {
      const { only } = stream.parts;
      snapshots[name] =
        mark === undefined
          ? only
          : {
              fetchSnapshot: (call) => only.fetchSnapshot(call),
              meta: { ...only.meta, [mark.as]: name },
              ...(only.key === undefined ? {} : { key: [...keyOf(mark), ...only.key] }),
            };
    } else {
      throw errors.CDK_STREAM_DEFECT({
        message: `The part ${JSON.stringify(name)} of a stream has parts itself, or no state.`,
      });
    }
  }
  if (Object.keys(snapshots).length > 0) return { kind: 'snapshot', parts: { named: snapshots } };
  return { kind: 'changes', parts: { named: changes }, ...(atOnce === undefined ? {} : { atOnce }) };
}

/** A part whose changes would keep their turn while they wait for what its backfill is reading, which needs one. */
export function waitsInTurn(part: string): Error {
  return errors.CDK_STREAM_DEFECT({
    message: `The part ${JSON.stringify(part)} of a stream exports files, and so cannot take turns with others (atOnce).`,
  });
}

function keyOf({ as, isKeyless }: Mark): readonly string[] {
  return isKeyless ? [] : [`/_meta/${as}`];
}

function marked(stream: ChangeStream<Cursor>, of: Mark, name: string): ChangeStream<Cursor> {
  const meta = { [of.as]: name };
  const key = of.isKeyless ? [] : [name];
  const mark = <E extends PageEvent | ChangeEvent<Cursor>>(event: E): E => {
    if (event.kind === 'documents') return { ...event, meta: { ...event.meta, ...meta } };
    if (event.kind === 'deletions')
      return { ...event, keys: event.keys.map((values) => [...key, ...values]) };
    return event;
  };
  const backfill =
    stream.fetchPage === undefined
      ? {}
      : {
          async *fetchPage(call: PageCall<Cursor>): AsyncGenerator<PageEvent, void, void> {
            for await (const event of stream.fetchPage?.(call) ?? []) yield mark(event);
          },
        };
  return {
    initial: (nowMs) => stream.initial(nowMs),
    ...(stream.lagMs === undefined ? {} : { lagMs: stream.lagMs }),
    ...(stream.readsOn === undefined ? {} : { readsOn: stream.readsOn }),
    async *fetchChanges(call) {
      for await (const event of stream.fetchChanges(call)) yield mark(event);
    },
    ...backfill,
  };
}
