// Definitions of APIs on a transport that answers by a function, on virtual time.

import type { CaptureSession } from '@weir/capture';
import { optional, text } from '@weir/schema';
import { decodeConfig } from '@weir/schema/config';
import { apiCapture } from '../src/api/api-capture.ts';
import type { ApiConfig, ApiResource } from '../src/api/api-config.ts';
import { type ApiDefinition, defineApi, get } from '../src/api/define-api.ts';
import { streamKey } from '../src/api/open-stream.ts';
import { basic, bearer } from '../src/auth/fixed.ts';
import type { TransportResponse } from '../src/http/transport.ts';
import type { StreamDefinition } from '../src/streams/definition.ts';
import { updatedAt } from '../src/streams/timestamp.ts';
import { Committed, CrashingOutput } from '../src/testing/crashing-output.ts';
import { silentLog } from '../src/testing/silent-log.ts';
import { VirtualClock } from '../src/testing/virtual-clock.ts';

const BEGIN = Date.parse('2024-05-05T05:00:00Z');
export const config =
  '{"credentials":{"credentials_title":"Private App Credentials","access_token":"t"},"start_date":"2024-05-05T00:00:00Z"}';

/** Whatever configuration their functions take. */
export function apiOf(streams: Readonly<Record<string, StreamDefinition<never>>>): ApiDefinition {
  return defineApi({
    name: 'source-sample',
    title: 'Sample',
    config: { site: optional(text({ title: 'Site', description: 'The site.', order: 10 })) },
    auth: [bearer(), basic()],
    start: { daysAgo: 30 },
    base: 'https://api.example.com',
    probe: get('/me'),
    query: { limit: 2 },
    streams: streams as ApiDefinition['streams'],
  });
}

export interface Ran {
  readonly asked: readonly string[];
  readonly texts: readonly string[];
  readonly state: unknown;
  readonly warnings: readonly string[];
}

/** Runs one stream; `answer` gives a body for the path and query of each request. `state`: of the stream, as it begins. */
export async function run(
  stream: StreamDefinition<never>,
  answer: (target: string) => string,
  forSeconds = 1,
  state?: object,
): Promise<Ran> {
  const clock = new VirtualClock(BEGIN);
  const asked: string[] = [];
  const transport = async ({ url }: { url: URL }): Promise<TransportResponse> => {
    const target = decodeURIComponent(`${url.pathname}${url.search}`);
    asked.push(target);
    return {
      status: 200,
      headers: {},
      body: (async function* () {
        yield Buffer.from(answer(target));
      })(),
    };
  };
  const capture = apiCapture(apiOf({ rows: stream }), { clock, transport });
  const committed = new Committed();
  const ending = new AbortController();
  const warnings: string[] = [];
  const log = { ...silentLog, warn: (message: string) => warnings.push(message), with: () => log };
  const session = {
    config: decodeConfig(capture.spec.configSchema, config, { what: 'the configuration' }),
    bindings: [binding('rows', streamKey(stream as StreamDefinition))],
    state: state === undefined ? {} : { bindingStateV1: { rows: state } },
    output: new CrashingOutput(committed, Infinity, () => undefined),
    log,
    signal: ending.signal,
  };
  const timer = clock.until(BEGIN + forSeconds * 1000, ending.signal).then(
    () => ending.abort(new DOMException('the end', 'AbortError')),
    () => undefined,
  );
  try {
    await clock.run(capture.pull(session as unknown as CaptureSession<ApiConfig, ApiResource, object>));
  } finally {
    ending.abort();
    await timer;
  }
  const states = committed.state['bindingStateV1'] as Record<string, unknown>;
  return { asked, texts: committed.documents.map((each) => each.text), state: states['rows'], warnings };
}

export function binding(name: string, key: readonly string[], resource: object = {}) {
  const collection = {
    name: `acme/${name}`,
    key,
    uuidPtr: '',
    partitionFields: [],
    projections: [],
    writeSchema: '{}',
  };
  return {
    index: 0,
    resource: { name, ...resource },
    resourcePath: [name],
    stateKey: name,
    backfill: 0,
    collection,
  };
}

export const row = (id: number, at: string): string => `{"id":${id},"at":"2024-05-05T${at}Z"}`;
export const list = (...rows: string[]): string => `{"data":[${rows.join()}]}`;
export const at = updatedAt('/at', { tick: '1s', lag: '60s' });
export const common = { path: '/rows', key: ['/id'], cursor: at, records: 'data', interval: '5m' } as const;
