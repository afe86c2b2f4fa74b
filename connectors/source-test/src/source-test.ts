// Documents, failures and exits on demand. All streams share one cursor: the number of the next document.

import { setTimeout as sleep } from 'node:timers/promises';
import type { Capture, CaptureSession } from '@weir/capture';
import { errors } from './errors.ts';
import { documentSchema, spec, type TestConfig, type TestResource } from './spec.ts';

interface TestState {
  readonly cursor: number;
}

export const sourceTest: Capture<TestConfig, TestResource, TestState> = {
  name: 'source-test',
  spec,
  discover: async () => [
    {
      recommendedName: 'greetings',
      resource: { stream: 'greetings', syncMode: 'incremental' },
      documentSchema,
      key: ['/count'],
      resourcePath: ['greetings'],
    },
  ],
  validate: async (_config, bindings) => bindings.map(({ resource }) => [resource.stream]),
  apply: async () => '',
  pull: produce,
};

async function produce(session: CaptureSession<TestConfig, TestResource, TestState>): Promise<void> {
  const { config, bindings, output, signal } = session;
  const first = session.state.cursor ?? 0;
  for (let cursor = first; cursor < config.greetings; cursor += 1) {
    if (config.fail_after !== undefined && cursor >= config.fail_after) {
      throw errors.TEST_FAILED_AS_ASKED({ message: 'a horrible, no good error!' });
    }
    if (config.exit_after !== undefined && cursor - first >= config.exit_after) return;
    if (signal.aborted) return;
    await output.transaction((transaction) => {
      const doc = Buffer.from(JSON.stringify({ count: cursor, message: `Hello #${cursor}` }));
      for (const { index } of bindings) transaction.document(index, doc);
      transaction.checkpoint(config.skip_state ? {} : { cursor: cursor + 1 });
    });
    await output.drained();
    await sleep(config.delay_ms, undefined, { signal }).catch(() => undefined);
  }
}
