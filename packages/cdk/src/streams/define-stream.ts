// The kinds of streams, as a connector names them.

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
import type {
  ChangesDefinition,
  ChildChangesDefinition,
  ChildrenDefinition,
  DescentDefinition,
  EventsDefinition,
  ExportDefinition,
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
  SequenceDefinition,
  SnapshotDefinition,
  SnapshotOptions,
  StreamDefinition,
  TokenDefinition,
  WalkDefinition,
} from './definition.ts';
import type { ExportOptions } from './export-options.ts';

/** Rows that have a time of their last update: what is new, and the history beside it. */
export function changes<C = unknown>(options: ChangesOptions<C>): ChangesDefinition<NoInfer<C>> {
  return { kind: 'changes', options };
}

/**
 * Changes of a list that is sorted by time. Each page is asked for from the last row of the one before it, by its time and
 * not by its place, so that no row falls between two pages when the list changes.
 */
export function walk<C = unknown>(options: WalkOptions<C>): WalkDefinition<NoInfer<C>> {
  return { kind: 'walk', options };
}

/** Changes of a list that is sorted by time, newest first, and read from its top down to what has been seen. */
export function descent<C = unknown>(options: DescentOptions<C>): DescentDefinition<NoInfer<C>> {
  return { kind: 'descent', options };
}

/** A log: rows by a number that only grows. */
export function sequence<C = unknown>(options: SequenceOptions<C>): SequenceDefinition<NoInfer<C>> {
  return { kind: 'sequence', options };
}

/** Changes by a log of events that hold rows, and the list of the rows for what was before. */
export function events<C = unknown>(options: EventsOptions<C>): EventsDefinition<NoInfer<C>> {
  return { kind: 'events', options };
}

/** What has changed since a token was given. */
export function token<C = unknown>(options: TokenOptions<C>): TokenDefinition<NoInfer<C>> {
  return { kind: 'token', options };
}

/** Files that the API makes of windows of time. */
export function exports<C = unknown>(options: ExportOptions<C>): ExportDefinition<NoInfer<C>> {
  return { kind: 'exports', options };
}

/** Reports by days. */
export function report<C = unknown>(options: ReportOptions<C>): ReportDefinition<NoInfer<C>> {
  return { kind: 'report', options };
}

/** A list that is read whole each time. Rows that go away are deleted. */
export function snapshot<C = unknown>(options: SnapshotOptions<C>): SnapshotDefinition<NoInfer<C>> {
  return { kind: 'snapshot', options };
}

/**
 * A snapshot of the lists below the rows of another list. A row above that vanishes while it is read has to be told from a
 * failure, by `answers` (404: empty).
 */
export function children<C = unknown>(options: ChildrenOptions<C>): ChildrenDefinition<NoInfer<C>> {
  return { kind: 'children', options };
}

/** The lists below rows that have changed. A row above that vanishes meanwhile has to be told by `answers`, as for children. */
export function childChanges<C = unknown>(
  options: ChildChangesOptions<C>,
): ChildChangesDefinition<NoInfer<C>> {
  return { kind: 'child changes', options };
}

/** One stream for each account, store or project. */
export function parts<C = unknown>(options: PartsOptions<C>): PartsDefinition<NoInfer<C>> {
  return { kind: 'parts', options };
}

/**
 * A stream that is read from each of the configuration's sites, or from some of them; `as`: the name of the field that
 * names one. Of several definitions, which differ in what is read, each site has its own. `isKeyless`: keys are unique among
 * sites, and do not hold their names. What was captured where there were no sites is the state of the first one.
 */
export function ofSites<C = unknown>(
  as: string,
  stream: PartDefinition<C> | ((site: string) => PartDefinition<C>),
  some?: readonly string[],
  isKeyless = false,
): PartsDefinition<NoInfer<C>> {
  const of = typeof stream === 'function' ? stream : () => stream;
  const { interval, schedule, disabled, reduction } = of('').options;
  return parts<C>({
    as,
    isKeyless,
    of: async ({ sites = new Map() }) => some ?? [...sites.keys()],
    main: async ({ sites = new Map() }) => [...sites.keys()][0],
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
