// A connector process of its own for a test that kills it: applies, opens a session and takes transactions until it is
// killed, or has taken so many. Its argument is JSON: the configuration, the materialization, how far to go. It writes the
// code of an error on stdout, and a line when its session is open.

import type { Materialization } from '@weir/materialize';
import type { MaterializationSpec } from '@weir/protocol';
import { offsetOf, takeTransaction } from './counting-journal.ts';
import { SinkDriver } from './sink-driver.ts';

export interface LedgerTask {
  readonly config: unknown;
  readonly spec: MaterializationSpec;
  readonly until: number;
}

export async function runLedgerChild<Config, Resource>(
  definition: Materialization<Config, Resource>,
): Promise<void> {
  const { config, spec, until } = JSON.parse(process.argv[2] ?? '{}') as LedgerTask;
  const sink = new SinkDriver(definition, config);
  try {
    await sink.applySpec(spec);
    await using session = await sink.openSpec(spec);
    if (session.pattern !== 'authoritative') throw new TypeError(`of the pattern ${session.pattern}`);
    process.stdout.write('open\n');
    for (let offset = offsetOf(session.checkpoint); offset < until; offset += 1) {
      await takeTransaction(session, offset);
    }
  } catch (error) {
    process.stdout.write(`${String((error as { readonly code?: unknown }).code)}\n`);
    process.exitCode = 1;
  }
}
