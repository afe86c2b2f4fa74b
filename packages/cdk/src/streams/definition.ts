// What a connector says of its streams. Each kind takes what its rules need and nothing else, so that what would lose
// rows does not compile: changes cannot be paged by offsets of a list that shifts, and have to say how late rows may be.

import type { ChangeStream, Cursor, FeedStream, SnapshotStream, StreamOfChanges } from '../engine/stream.ts';
import type { Paging } from '../paging/paging.ts';
import type { WebhookDefinition } from '../webhook/webhook-definition.ts';
import type { ChildChangesOptions, ChildrenOptions } from './below-options.ts';
import type {
  ChangesOptions,
  DescentOptions,
  EventsOptions,
  ReportOptions,
  SequenceOptions,
  TokenOptions,
  WalkOptions,
} from './changes-options.ts';
import type { ExportOptions } from './export-options.ts';
import type { Known, ListOptions } from './list-options.ts';
import type { RowIdentity, StreamContext, StreamOptions } from './stream-options.ts';

export type SnapshotOptions<C = unknown> = ListOptions<Paging, Known<C>> &
  StreamOptions &
  RowIdentity &
  Pick<SnapshotStream, 'tombstone'>;

/** The kinds of streams that a part may have. */
export type PartDefinition<C = unknown> = Exclude<
  StreamDefinition<C>,
  FeedDefinition | PartsDefinition<C> | WebhookDefinition
>;

/** Parts that take turns. The changes of an export would keep their turn while they wait for a file that needs one. */
interface PartsInTurn<C> {
  readonly stream: (part: string) => Exclude<PartDefinition<C>, ExportDefinition<C>>;
  /** So many parts are read at the same time, those that are furthest behind first. */
  readonly atOnce: number;
}

interface PartsSideBySide<C> {
  readonly stream: (part: string) => PartDefinition<C>;
  readonly atOnce?: undefined;
}

interface ListOfParts extends StreamOptions {
  /** The names of the parts, which are those of their states. Asked for when a session begins. */
  readonly of: (context: StreamContext, signal: AbortSignal) => Promise<readonly string[]>;
  /** The member of `_meta` that holds the name, and is the first part of the key. Absent where keys are unique without it. */
  readonly as?: string;
  /** That member of `_meta` is not part of the key: keys are unique without it. */
  readonly isKeyless?: boolean;
  /** The part that the state of a stream without parts becomes the state of, where that is known. */
  readonly main?: (context: StreamContext, signal: AbortSignal) => Promise<string | undefined>;
  /** What makes a request one for a part, where all of them are asked for with the same credentials. */
  readonly headers?: (part: string) => Readonly<Record<string, string>>;
}

/** One stream for each part of a list (accounts, stores, projects). The key of a part's stream is the rest of the key. */
export type PartsOptions<C = unknown> = ListOfParts & (PartsSideBySide<C> | PartsInTurn<C>);

export interface RawChangesOptions extends StreamOptions {
  readonly key: readonly string[];
  readonly open: (context: StreamContext) => ChangeStream<Cursor> | StreamOfChanges;
}

export interface RawSnapshotOptions extends StreamOptions {
  readonly open: (context: StreamContext) => SnapshotStream;
}

export interface FeedOptions extends StreamOptions {
  readonly key: readonly string[];
  readonly open: (context: StreamContext) => FeedStream;
}

interface Definition<K extends string, O> {
  readonly kind: K;
  readonly options: O;
}

export type ChangesDefinition<C = unknown> = Definition<'changes', ChangesOptions<C>>;
export type WalkDefinition<C = unknown> = Definition<'walk', WalkOptions<C>>;
export type DescentDefinition<C = unknown> = Definition<'descent', DescentOptions<C>>;
export type SequenceDefinition<C = unknown> = Definition<'sequence', SequenceOptions<C>>;
export type EventsDefinition<C = unknown> = Definition<'events', EventsOptions<C>>;
export type TokenDefinition<C = unknown> = Definition<'token', TokenOptions<C>>;
export type ExportDefinition<C = unknown> = Definition<'exports', ExportOptions<C>>;
export type ReportDefinition<C = unknown> = Definition<'report', ReportOptions<C>>;
export type SnapshotDefinition<C = unknown> = Definition<'snapshot', SnapshotOptions<C>>;
export type ChildrenDefinition<C = unknown> = Definition<'children', ChildrenOptions<C>>;
export type ChildChangesDefinition<C = unknown> = Definition<'child changes', ChildChangesOptions<C>>;
export type PartsDefinition<C = unknown> = Definition<'parts', PartsOptions<C>>;
export type RawChangesDefinition = Definition<'raw changes', RawChangesOptions>;
export type RawSnapshotDefinition = Definition<'raw snapshot', RawSnapshotOptions>;

export type FeedDefinition = Definition<'feed', FeedOptions>;

/** `C`: the configuration that its functions take; whatever it is when absent, as where definitions are only handed on. */
export type StreamDefinition<C = unknown> =
  | ChangesDefinition<C>
  | WalkDefinition<C>
  | DescentDefinition<C>
  | SequenceDefinition<C>
  | EventsDefinition<C>
  | TokenDefinition<C>
  | ReportDefinition<C>
  | ExportDefinition<C>
  | SnapshotDefinition<C>
  | ChildrenDefinition<C>
  | ChildChangesDefinition<C>
  | PartsDefinition<C>
  | RawChangesDefinition
  | RawSnapshotDefinition
  | FeedDefinition
  | WebhookDefinition;
