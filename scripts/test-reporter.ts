// A reporter for a large suite: silent for what passes, whole for what fails or is skipped, and a closing line
// `N passed, N failed, N skipped` that a machine can read. What a test says of itself by `context.diagnostic` (the seed of
// random kills, how many there were of what) is told whether it passes or fails. A file that has not reported all its
// tests is a failure, also where the runner sees none.
//
// Written here and not yielded: `--test-force-exit` ends the runner once its reporter has ended, with what waits behind a
// long line in the buffer of stdout.

import { writeSync } from 'node:fs';
import { basename } from 'node:path';
import type { TestEvent } from 'node:test/reporters';
import { inspect } from 'node:util';
import { FileReports } from './file-reports.ts';

const STDOUT = 1;
/** Files that take longer are named at the end. */
const SLOW_SECONDS = 10;
const pause = new Int32Array(new SharedArrayBuffer(4));

function tell(text: string): void {
  let rest = Buffer.from(text);
  while (rest.length > 0) {
    try {
      rest = rest.subarray(writeSync(STDOUT, rest));
    } catch (error) {
      if (!(error instanceof Error && 'code' in error && error.code === 'EAGAIN')) throw error;
      // A pipe that is full, and does not wait by itself.
      Atomics.wait(pause, 0, 0, 5);
    }
  }
}

// oxlint-disable-next-line require-yield
export default async function* report(events: AsyncIterable<TestEvent>): AsyncGenerator<string> {
  let passed = 0;
  let failed = 0;
  const skipped: string[] = [];
  const files = new FileReports();
  const started = Date.now();
  for await (const event of events) {
    const isOfFile = files.take(event);
    if (event.type === 'test:pass') {
      if (isOfFile) continue;
      // A skipped suite is told as well: none of its tests is.
      if (event.data.skip !== undefined && event.data.skip !== false) {
        skipped.push(`${event.data.name} (${event.data.file ?? ''}): ${String(event.data.skip)}`);
      } else if (event.data.details.type !== 'suite') passed += 1;
    } else if (event.type === 'test:fail') {
      const { error } = event.data.details;
      if (event.data.details.type === 'suite' && /subtests? failed/.test(error.message)) continue;
      failed += 1;
      tell(
        `✖ ${event.data.name} (${event.data.file ?? ''}:${event.data.line ?? ''})\n${inspect(error.cause ?? error, { depth: 4 })}\n\n`,
      );
    } else if (event.type === 'test:diagnostic') {
      // Those without a file are the runner's own counts.
      const { file, message } = event.data;
      if (file !== undefined) tell(`ℹ ${basename(file)}: ${message}\n`);
    } else if (event.type === 'test:stderr' || event.type === 'test:stdout') {
      tell(event.data.message);
    }
  }
  for (const sentence of files.incomplete()) {
    failed += 1;
    process.exitCode = 1;
    tell(`✖ ${sentence}\n\n`);
  }
  for (const line of skipped) tell(`SKIPPED ${line}\n`);
  for (const { path, seconds } of files.slowest(20, SLOW_SECONDS))
    tell(`weir: ${seconds.toFixed(1)} s in ${path}\n`);
  tell(`weir: tests took ${((Date.now() - started) / 1000).toFixed(1)} s\n`);
  tell(`${passed} passed, ${failed} failed, ${skipped.length} skipped\n`);
}
