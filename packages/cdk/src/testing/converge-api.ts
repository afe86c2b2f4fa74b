// Convergence of a connector on its fake.

import type { CaptureSession } from '@weir/capture';
import type { CollectionSpec } from '@weir/protocol';
import { decodeConfig } from '@weir/schema/config';
import { canonicalJson, type JsonObject } from '@weir/schema/json';
import { apiCapture } from '../api/api-capture.ts';
import type { ApiConfig, ApiResource } from '../api/api-config.ts';
import type { ApiDefinition } from '../api/define-api.ts';
import { streamKey } from '../api/open-stream.ts';
import type { StreamDefinition } from '../streams/definition.ts';
import { type FakeApi, FakeVendor } from './fake-vendor.ts';
import { reducedCollection } from './reduced-collection.ts';
import { silentLog } from './silent-log.ts';
import { surviveKills } from './survive-kills.ts';
import type { TestRandom } from './test-random.ts';
import { VirtualClock } from './virtual-clock.ts';

export interface ApiConvergence {
  readonly api: ApiDefinition;
  readonly fake: FakeApi;
  /** The endpoint configuration as JSON text. */
  readonly config: string;
  /** The streams that are captured together, and the paths of their lists at the fake. */
  readonly streams: Readonly<Record<string, string | FakeTruth>>;
  readonly random: TestRandom;
  /** When it begins, in Unix milliseconds, where that matters: 2024-05-05T05:00:00Z when absent. */
  readonly beginsMs?: number;
  /** So long the last session lives; half an hour, where nothing is behind by more. */
  readonly settleMs?: number;
  /** The state that the first session begins with; none when absent. */
  readonly state?: JsonObject;
  /** What the API describes (`ApiDefinition.describe`) at this fake. */
  readonly described?: ApiDefinition['streams'];
}

/** What a stream should end with, where that is not one table of the fake. */
export interface FakeTruth {
  /** The paths of the lists that it is made of. */
  readonly lists: readonly string[];
  /** What a row of the table amounts to; the row itself when absent. */
  readonly rows?: (row: JsonObject) => readonly JsonObject[];
  /** The same, where it depends on the list too. */
  readonly rowsOf?: (list: string, row: JsonObject) => readonly JsonObject[];
  /** The id of the table's row that a captured row belongs to; its own when absent. */
  readonly idOf?: (row: JsonObject) => number;
  /** Of several lists, the one whose table a captured row belongs to; any of them when absent. */
  readonly listOf?: (row: JsonObject) => string;
}

export interface ConvergedStream {
  readonly name: string;
  readonly captured: readonly JsonObject[];
  readonly expected: readonly JsonObject[];
}

export interface ConvergedApi {
  readonly streams: readonly ConvergedStream[];
  readonly sessions: number;
  readonly faults: Readonly<Record<string, number>>;
}

const BEGINS_MS = Date.parse('2024-05-05T05:00:00Z');
const CHANGES_MS = 10 * 60_000;
const KILLS_BEYOND_MS = 5 * 60_000;
/** Longer than any lag and any series of refusals. */
const SETTLE_MS = 30 * 60_000;

/**
 * Runs the capture while the fake's tables change, killed between any two lines. Rows that are gone are compared for
 * snapshots, and where a list tells of deletions: a filter by time alone does not show them.
 */
export async function convergeApi({
  api,
  fake,
  config,
  streams,
  random,
  beginsMs = BEGINS_MS,
  settleMs = SETTLE_MS,
  state: stored = {},
  described = {},
}: ApiConvergence): Promise<ConvergedApi> {
  const whole = { ...api, streams: { ...api.streams, ...described } };
  const clock = new VirtualClock(beginsMs);
  const vendor = new FakeVendor(fake, { clock, random, changesUntilMs: beginsMs + CHANGES_MS });
  const capture = apiCapture(api, { clock, random, transport: vendor.transport });
  const names = Object.keys(streams);
  const bindings = names.map((name, index) => ({
    index,
    resource: { name, interval: 'PT2M' },
    resourcePath: [name],
    stateKey: name,
    backfill: 0,
    collection: collectionOf(name, keyOf(whole, name)),
  }));
  const decoded = decodeConfig<ApiConfig>(capture.spec.configSchema, config, {
    what: 'the configuration',
    ...(api.upgradeConfig === undefined ? {} : { upgrade: api.upgradeConfig }),
  });
  const { committed, sessions } = await surviveKills({
    clock,
    random,
    state: stored,
    killsEndMs: beginsMs + CHANGES_MS + KILLS_BEYOND_MS,
    settleMs,
    run: (state, output, signal) => {
      const session = {
        config: decoded,
        bindings,
        state,
        output,
        signal,
        log: silentLog,
        taskName: 'acme/api',
      };
      return capture.pull(session as unknown as CaptureSession<ApiConfig, ApiResource, object>);
    },
  });
  const converged = names.map((name, index): ConvergedStream => {
    const told = streams[name] ?? '';
    const {
      lists,
      rows = (row: JsonObject) => [row],
      rowsOf = (_list: string, row: JsonObject) => rows(row),
      idOf = ({ id }: JsonObject) => Number(id),
      listOf,
    }: FakeTruth = typeof told === 'string' ? { lists: [told] } : told;
    const tables = lists.map((path) => vendor.table(path).table());
    const captured = [...reducedCollection(committed.documents, index, keyOf(whole, name)).values()];
    const isThere = (row: JsonObject): boolean =>
      (listOf === undefined ? tables : [vendor.table(listOf(row)).table()]).some((table) =>
        table.has(`[${idOf(row)}]`),
      );
    return {
      name,
      captured: sorted(seesDeletions(whole.streams[name]) ? captured : captured.filter(isThere)),
      expected: sorted(
        lists.flatMap((list) => [...vendor.table(list).table().values()].flatMap((row) => rowsOf(list, row))),
      ),
    };
  });
  return { streams: converged, sessions, faults: vendor.faults };
}

function keyOf(api: ApiDefinition, name: string): readonly string[] {
  const stream = api.streams[name];
  if (stream === undefined) throw new TypeError(`${api.name} has no stream ${name}`);
  return streamKey(stream);
}

function collectionOf(name: string, key: readonly string[]): CollectionSpec {
  return {
    name: `acme/${name}`,
    key,
    uuidPtr: '/_meta/uuid',
    partitionFields: [],
    projections: [],
    writeSchema: '{}',
  };
}

/** What is read whole each time. */
const WHOLE: ReadonlySet<string> = new Set<StreamDefinition['kind']>([
  'snapshot',
  'children',
  'raw snapshot',
]);

/** Whether what a stream no longer has is deleted. */
function seesDeletions(stream: StreamDefinition | undefined): boolean {
  if (stream?.kind === 'parts') return seesDeletions(stream.options.stream(''));
  return (
    stream !== undefined &&
    (WHOLE.has(stream.kind) || stream.kind === 'events' || 'isDeleted' in stream.options)
  );
}

function sorted(rows: readonly JsonObject[]): JsonObject[] {
  const order = (left: string, right: string): number => (left < right ? -1 : Number(left > right));
  return rows.toSorted(
    (left, right) =>
      Number(left['id']) - Number(right['id']) || order(canonicalJson(left), canonicalJson(right)),
  );
}
