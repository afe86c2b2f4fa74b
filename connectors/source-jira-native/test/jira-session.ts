// A stream on a transport that answers by a function, on virtual time.

import { apiCapture } from '@weir/cdk';
import { Committed, CrashingOutput, silentLog, VirtualClock } from '@weir/cdk/testing';
import { decodeConfig } from '@weir/schema/config';
import { isJsonObject, type JsonObject, type JsonValue } from '@weir/schema/json';
import { jira } from '../src/jira.ts';
import { config } from './fake-jira.ts';

const NOW = Date.parse('2024-05-05T05:00:00Z');

export interface Answer {
  readonly status?: number;
  readonly body: JsonValue;
}

/** One minute of a stream; `answer` answers what is not about the account. */
export async function session(
  name: string,
  key: readonly string[],
  answer: (url: URL, headers: Headers) => Answer,
  { text = config, state = {} }: { text?: string; state?: JsonObject } = {},
) {
  const clock = new VirtualClock(NOW);
  const ending = new AbortController();
  const transport = async ({ url, headers }: { url: URL; headers: Readonly<Record<string, string>> }) => {
    const { status = 200, body } = answerOf(url) ?? answer(url, new Headers(headers));
    const chunks = [Buffer.from(JSON.stringify(body))];
    return {
      status,
      headers: {},
      body: (async function* () {
        yield* chunks;
      })(),
    };
  };
  const capture = apiCapture(jira, { clock, transport });
  const committed = new Committed();
  committed.state = { bindingStateV1: { [name]: state } };
  const collection = {
    name: `acme/${name}`,
    key,
    uuidPtr: '',
    partitionFields: [],
    projections: [],
    writeSchema: '{}',
  };
  const bindings = [
    { index: 0, resource: { name }, resourcePath: [name], stateKey: name, backfill: 0, collection },
  ];
  const pulled = capture.pull({
    config: decodeConfig(capture.spec.configSchema, text, { what: 'the configuration' }),
    bindings,
    state: committed.state,
    output: new CrashingOutput(committed, Infinity, () => undefined),
    log: silentLog,
    signal: ending.signal,
  } as unknown as Parameters<typeof capture.pull>[0]);
  const timer = clock
    .until(NOW + 60_000, ending.signal)
    .then(() => ending.abort(new DOMException('the end', 'AbortError')));
  try {
    await clock.run(pulled);
  } finally {
    ending.abort();
    await timer.catch(() => undefined);
  }
  const states = committed.state['bindingStateV1'];
  return {
    texts: committed.documents.map(({ text: line }) => line),
    state: isJsonObject(states) ? states[name] : null,
  };
}

function answerOf({ pathname }: URL): Answer | undefined {
  if (pathname.endsWith('/myself')) return { body: { timeZone: 'Europe/Berlin' } };
  if (/\/(?:my)?permissions$/.test(pathname)) {
    return { body: { permissions: { ADMINISTER: { key: 'ADMINISTER', havePermission: true } } } };
  }
  return undefined;
}
