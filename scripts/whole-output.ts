// Loaded by the test runner and by the process of every test file. `--test-force-exit` ends a process as soon as its tests
// have ended, and what it has yet to write to a pipe, such as the reports of its last tests, ends with it. So writes to a
// pipe wait here until the pipe has taken them, as those to a file do anyway.

interface Blocking {
  readonly _handle?: { setBlocking?(blocking: boolean): number };
}

for (const stream of [process.stdout, process.stderr]) (stream as Blocking)._handle?.setBlocking?.(true);
