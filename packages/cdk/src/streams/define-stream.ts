// The kinds of streams, as a connector names them.

import type {
  ChangesDefinition,
  ChangesOptions,
  ChildChangesDefinition,
  ChildChangesOptions,
  ChildrenDefinition,
  ChildrenOptions,
  DescentDefinition,
  DescentOptions,
  EventsDefinition,
  EventsOptions,
  ExportDefinition,
  ExportOptions,
  FeedDefinition,
  FeedOptions,
  PartDefinition,
  PartsDefinition,
  PartsOptions,
  RawChangesDefinition,
  RawChangesOptions,
  RawSnapshotDefinition,
  RawSnapshotOptions,
  ReportDefinition,
  ReportOptions,
  SequenceDefinition,
  SequenceOptions,
  SnapshotDefinition,
  SnapshotOptions,
  StreamDefinition,
  TokenDefinition,
  TokenOptions,
  WalkDefinition,
  WalkOptions,
} from './definition.ts';

/** Rows that have a time of their last update: what is new, and the history beside it. */
export function changes(options: ChangesOptions): ChangesDefinition {
  return { kind: 'changes', options };
}

/**
 * Changes of a list that is sorted by time. Each page is asked for from the last row of the one before it, by its time and
 * not by its place, so that no row falls between two pages when the list changes.
 */
export function walk(options: WalkOptions): WalkDefinition {
  return { kind: 'walk', options };
}

/** Changes of a list that is sorted by time, newest first, and read from its top down to what has been seen. */
export function descent(options: DescentOptions): DescentDefinition {
  return { kind: 'descent', options };
}

/** A log: rows by a number that only grows. */
export function sequence(options: SequenceOptions): SequenceDefinition {
  return { kind: 'sequence', options };
}

/** Changes by a log of events that hold rows, and the list of the rows for what was before. */
export function events(options: EventsOptions): EventsDefinition {
  return { kind: 'events', options };
}

/** What has changed since a token was given. */
export function token(options: TokenOptions): TokenDefinition {
  return { kind: 'token', options };
}

/** Files that the API makes of windows of time. */
export function exports(options: ExportOptions): ExportDefinition {
  return { kind: 'exports', options };
}

/** Reports by days. */
export function report(options: ReportOptions): ReportDefinition {
  return { kind: 'report', options };
}

/** A list that is read whole each time. Rows that go away are deleted. */
export function snapshot(options: SnapshotOptions): SnapshotDefinition {
  return { kind: 'snapshot', options };
}

/**
 * A snapshot of the lists below the rows of another list. A row above that vanishes while it is read has to be told from a
 * failure, by `answers` (404: empty).
 */
export function children(options: ChildrenOptions): ChildrenDefinition {
  return { kind: 'children', options };
}

/** The lists below rows that have changed. A row above that vanishes meanwhile has to be told by `answers`, as for children. */
export function childChanges(options: ChildChangesOptions): ChildChangesDefinition {
  return { kind: 'child changes', options };
}

/** One stream for each account, store or project. */
export function parts(options: PartsOptions): PartsDefinition {
  return { kind: 'parts', options };
}

/**
 * A stream that is read from each of the configuration's sites, or from some of them; `as`: the name of the field that
 * names one. Of several definitions, which differ in what is read, each site has its own.
 */
export function ofSites(
  as: string,
  stream: PartDefinition | ((site: string) => PartDefinition),
  some?: readonly string[],
): PartsDefinition {
  const of = typeof stream === 'function' ? stream : () => stream;
  const { interval, schedule, disabled, reduction } = of('').options;
  return parts({
    as,
    of: async ({ sites = new Map() }) => some ?? [...sites.keys()],
    stream: of,
    interval,
    ...(schedule === undefined ? {} : { schedule }),
    ...(disabled === undefined ? {} : { disabled }),
    ...(reduction === undefined ? {} : { reduction }),
  });
}

/** Changes by generators of the connector's own. */
export function rawChanges(options: RawChangesOptions): RawChangesDefinition {
  return { kind: 'raw changes', options };
}

/** A snapshot by a generator of the connector's own. */
export function rawSnapshot(options: RawSnapshotOptions): RawSnapshotDefinition {
  return { kind: 'raw snapshot', options };
}

/** Documents that arrive by themselves; whoever brought them hears back when they are committed. */
export function feed(options: FeedOptions): FeedDefinition {
  return { kind: 'feed', options };
}

/** One stream for each name. */
export function each<const N extends string, D extends StreamDefinition>(
  names: readonly N[],
  make: (name: N) => D,
): Record<N, D> {
  return Object.fromEntries(names.map((name) => [name, make(name)])) as Record<N, D>;
}
