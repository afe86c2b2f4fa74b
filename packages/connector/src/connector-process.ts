// What a connector touches of the process it runs in, as one value, so that the main loop runs in a test as it is.

import type { Writable } from 'node:stream';
import { standardInput } from './standard-input.ts';

export interface ConnectorProcess {
  /** Bytes are valid until the next are asked for. */
  readonly stdin: AsyncIterable<Buffer>;
  readonly stdout: Writable;
  /** Takes one log line without its newline. */
  readonly writeLogLine: (line: string) => void;
  readonly isTerminal: boolean;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Calls `stop` when the process is asked to end: by a signal, or because whoever started it is gone. */
  readonly onStop: (stop: (reason: string) => void) => void;
}

const PARENT_CHECK_MS = 500;
const ORPHAN_GRACE_MS = 5000;

/** The real process. `console` writes to stderr from here on, as stdout belongs to the protocol. */
export function currentProcess(): ConnectorProcess {
  redirectConsole();
  return {
    stdin: standardInput(),
    stdout: process.stdout,
    writeLogLine: (line) => process.stderr.write(`${line}\n`),
    isTerminal: process.stderr.isTTY,
    env: process.env,
    onStop: (stop) => {
      stopOnSignals(stop);
      stopWhenOrphaned(stop);
    },
  };
}

function redirectConsole(): void {
  const print = (...values: unknown[]): void => {
    process.stderr.write(`${values.map(String).join(' ')}\n`);
  };
  console.log = print;
  console.info = print;
  console.debug = print;
}

/** The first signal asks for a clean end, the second ends the process at once. */
function stopOnSignals(stop: (reason: string) => void): void {
  let asked = false;
  const onSignal = (signal: NodeJS.Signals): void => {
    if (asked) process.exit(1);
    asked = true;
    stop(signal);
  };
  process.on('SIGTERM', onSignal);
  process.on('SIGINT', onSignal);
}

/** A connector whose runtime was killed must not go on holding a replication slot or a fence. */
function stopWhenOrphaned(stop: (reason: string) => void): void {
  const parent = process.ppid;
  const timer = setInterval(() => {
    if (process.ppid === parent) return;
    clearInterval(timer);
    stop('the process that started the connector is gone');
    setTimeout(() => process.exit(1), ORPHAN_GRACE_MS).unref();
  }, PARENT_CHECK_MS);
  timer.unref();
}
