// weir demo: what `npm start` runs.

import { resolve } from 'node:path';
import process from 'node:process';
import { Command, InvalidArgumentError } from 'commander';
import { quickstartFolder, quickstartPort } from '../demo/demo-catalog.ts';
import { runDemo } from '../demo/demo.ts';
import { onStopSignal } from '../stop-signals.ts';

interface DemoFlags {
  readonly seconds?: number;
  readonly rate: number;
  readonly folder: string;
  readonly port: number;
}

/** Without a terminal nobody is there to press Ctrl-C, so the demo ends by itself. */
const secondsWithoutTerminal = 20;

function positiveNumber(text: string): number {
  const value = Number(text);
  if (!Number.isFinite(value) || value <= 0) throw new InvalidArgumentError('It has to be a number above 0.');
  return value;
}

function portNumber(text: string): number {
  const value = Number(text);
  if (Number.isInteger(value) && value >= 0 && value < 65_536) return value;
  throw new InvalidArgumentError('It has to be a port, or 0 for one that is free.');
}

async function run(flags: DemoFlags): Promise<void> {
  const isTerminal = process.stdout.isTTY;
  const stop = new AbortController();
  const hurry = new AbortController();
  using _signals = onStopSignal((name) => {
    // The second one, or a terminal that is gone: nobody waits for a comparison.
    if (stop.signal.aborted || name === 'SIGHUP') hurry.abort();
    stop.abort();
  });
  const say = (line: string) => process.stdout.write(`${isTerminal ? '\r\u001B[K' : ''}${line}\n`);
  const fallback = isTerminal ? undefined : secondsWithoutTerminal;
  const seconds = flags.seconds ?? fallback;
  say(
    seconds === undefined
      ? 'weir demo: until Ctrl-C; a second start goes on from there'
      : `weir demo: ${seconds} seconds`,
  );
  const equal = await runDemo({
    folder: resolve(flags.folder),
    port: flags.port,
    seconds,
    transactionsPerSecond: flags.rate,
    signal: stop.signal,
    hurry: hurry.signal,
    say,
    showProgress: (line) =>
      isTerminal ? process.stdout.write(`\r\u001B[K${line.slice(0, process.stdout.columns - 1)}`) : say(line),
  });
  process.exitCode = equal ? 0 : 1;
}

export function demoCommand(): Command {
  return new Command('demo')
    .description(
      'Runs a real PostgreSQL with a small shop, captures it into SQLite while the shop is at work, and compares every row.',
    )
    .option(
      '--seconds <n>',
      'end by itself after this many seconds (default: until Ctrl-C on a terminal, else 20)',
      positiveNumber,
    )
    .option('--rate <n>', 'transactions a second of the shop', positiveNumber, 50)
    .option('--folder <path>', 'where its files live', quickstartFolder)
    .option('--port <n>', 'where the shop listens; 0 for a port that is free', portNumber, quickstartPort)
    .action(run);
}
