// `weir run` as a process of its own, in a process group of its own: Ctrl-C reaches the demo, which stops the
// workload first and the pipeline last.

import { type ChildProcess, spawn } from 'node:child_process';
import { closeSync, openSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { setTimeout as delay } from 'node:timers/promises';

const program = fileURLToPath(new URL('../../bin/weir.js', import.meta.url));

export interface WeirRunOptions {
  readonly catalog: string;
  readonly stateFolder: string;
  /** Takes the JSON lines that `weir run` prints. */
  readonly logFile: string;
  readonly pidFile: string;
}

/** A pipeline that a killed demo left behind would hold the state folder. */
async function stopLeftover(pidFile: string): Promise<void> {
  let pid: number;
  try {
    pid = Number(readFileSync(pidFile, 'utf8'));
    process.kill(pid, 'SIGTERM');
  } catch {
    return;
  }
  for (let waitedMs = 0; waitedMs < 15_000; waitedMs += 50) {
    try {
      process.kill(pid, 0);
    } catch {
      return;
    }
    await delay(50);
  }
  process.kill(pid, 'SIGKILL');
}

export class WeirRun implements AsyncDisposable {
  readonly #child: ChildProcess;
  readonly #options: WeirRunOptions;
  #status: number | undefined;

  constructor(child: ChildProcess, options: WeirRunOptions) {
    this.#child = child;
    this.#options = options;
    child.once('exit', (status) => {
      this.#status = status ?? 1;
    });
  }

  static async start(options: WeirRunOptions): Promise<WeirRun> {
    await stopLeftover(options.pidFile);
    const log = openSync(options.logFile, 'a');
    const child = spawn(
      process.execPath,
      [program, 'run', '--source', options.catalog, '--state', options.stateFolder],
      { detached: true, stdio: ['ignore', log, log] },
    );
    closeSync(log);
    writeFileSync(options.pidFile, String(child.pid ?? ''));
    return new WeirRun(child, options);
  }

  /** The exit code, once it has ended by itself. */
  get ended(): number | undefined {
    return this.#status;
  }

  lastLogLines(count: number): string {
    return readFileSync(this.#options.logFile, 'utf8').trimEnd().split('\n').slice(-count).join('\n');
  }

  /** Lets the tasks end at their next transaction boundary. Resolves to the exit code. */
  async stop(): Promise<number> {
    const exited = new Promise<void>((resolve) => this.#child.once('exit', () => resolve()));
    if (this.#status === undefined) {
      this.#child.kill('SIGTERM');
      await exited;
    }
    rmSync(this.#options.pidFile, { force: true });
    return this.#status ?? 1;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
  }
}
