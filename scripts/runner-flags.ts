// How Node's test runner is started: by run-tests.ts, and by the tests of what it tells.

import { join } from 'node:path';
import { pathToFileURL } from 'node:url';

export function runnerFlags(reporter: string = join(import.meta.dirname, 'test-reporter.ts')): string[] {
  return [
    `--import=${pathToFileURL(join(import.meta.dirname, 'whole-output.ts')).href}`,
    '--test',
    // A file whose tests have ended ends as well, also after one that failed and left a workload running.
    '--test-force-exit',
    `--test-reporter=${reporter}`,
  ];
}
