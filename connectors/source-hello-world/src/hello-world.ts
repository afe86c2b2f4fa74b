// Greetings at a steady rate. The state of a binding is how many greetings it has given, so after a restart it goes on
// with the next number; `ts` is the key, and no two greetings of one session share it.

import { setTimeout as sleep } from 'node:timers/promises';
import {
  bindingPatch,
  bindingState,
  type Capture,
  type CaptureBinding,
  type CaptureSession,
} from '@weir/capture';
import { documentSchema, spec, type HelloConfig, type HelloResource } from './spec.ts';

type Session = CaptureSession<HelloConfig, HelloResource, object>;

/** However high the rate, the source is looked at this often, and what is due goes out together. */
const SHORTEST_WAIT_MS = 5;
const MAX_GROUP = 1000;

export const helloWorld: Capture<HelloConfig, HelloResource> = {
  name: 'source-hello-world',
  spec,
  discover: async () => [
    {
      recommendedName: 'events',
      resource: { name: 'greetings', prefix: 'Hello {}!' },
      documentSchema,
      key: ['/ts'],
      resourcePath: ['greetings'],
    },
  ],
  validate: async (_config, bindings) => bindings.map(({ resource }) => [resource.name]),
  apply: async () => '',
  pull: async (session) => {
    await Promise.all(session.bindings.map((binding) => greet(session, binding)));
  },
};

async function greet(session: Session, binding: CaptureBinding<HelloResource>): Promise<void> {
  const { config, output, signal } = session;
  const given = bindingState(session.state, binding.stateKey);
  let next = typeof given === 'number' ? given : 0;
  const startedAt = Date.now();
  const first = next;
  while (!signal.aborted) {
    const due = first + 1 + Math.floor(((Date.now() - startedAt) * config.rate) / 1000);
    const until = Math.min(due, next + MAX_GROUP);
    if (until > next) {
      const from = next;
      await output.transaction(async (transaction) => {
        for (let number = from; number < until; number += 1) {
          const elapsedMicros = Math.floor(((number - first) * 1e6) / config.rate);
          transaction.document(binding.index, greeting(binding.resource, number, startedAt, elapsedMicros));
        }
        transaction.checkpoint(bindingPatch(binding.stateKey, until));
        await transaction.drained();
      });
      next = until;
    }
    const wait = startedAt + ((next - first) * 1000) / config.rate - Date.now();
    await sleep(Math.max(wait, SHORTEST_WAIT_MS), undefined, { signal }).catch(() => undefined);
  }
}

function greeting(resource: HelloResource, number: number, startedAt: number, elapsedMicros: number): Buffer {
  const message = resource.prefix.replaceAll('{}', String(number));
  return Buffer.from(JSON.stringify({ ts: timestamp(startedAt, elapsedMicros), message }));
}

/** RFC 3339 with microseconds. */
function timestamp(startedAt: number, elapsedMicros: number): string {
  const iso = new Date(startedAt + Math.floor(elapsedMicros / 1000)).toISOString();
  return `${iso.slice(0, -1)}${String(elapsedMicros % 1000).padStart(3, '0')}Z`;
}
