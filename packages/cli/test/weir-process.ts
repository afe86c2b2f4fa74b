// The command as a process of its own, as tests need it: started, watched through its JSON lines, stopped by signals.

import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { endsWithProcess } from '@weir/testing';

const main = join(import.meta.dirname, '..', 'src', 'main.ts');

export interface Ended {
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs the command to its end. */
export function weir(folder: string, ...args: readonly string[]): Ended {
  const { status, stdout, stderr } = spawnSync(process.execPath, [main, ...args], {
    cwd: folder,
    encoding: 'utf8',
    timeout: 120_000,
  });
  return { status, stdout, stderr };
}

export interface LogLine {
  readonly ts: string;
  readonly level: string;
  readonly message: string;
  readonly fields: Readonly<Record<string, unknown>>;
}

export function logLines(text: string): LogLine[] {
  return text
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as LogLine);
}

/** A command that goes on until it is stopped. */
export class WeirProcess implements AsyncDisposable {
  readonly #child: ChildProcess;
  readonly #exited: Promise<unknown>;
  #wake = Promise.withResolvers<void>();
  stdout = '';
  stderr = '';

  constructor(folder: string, ...args: readonly string[]) {
    this.#child = spawn(process.execPath, [main, ...args], {
      cwd: folder,
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    this.#child.stdout?.setEncoding('utf8').on('data', (text: string) => {
      this.stdout += text;
      this.#notify();
    });
    this.#child.stderr?.setEncoding('utf8').on('data', (text: string) => {
      this.stderr += text;
      this.#notify();
    });
    const end = endsWithProcess(() => this.#child.kill('SIGKILL'));
    this.#exited = once(this.#child, 'close').then(() => {
      end[Symbol.dispose]();
      this.#notify();
    });
  }

  get pid(): number {
    return this.#child.pid ?? 0;
  }

  get status(): number | null {
    return this.#child.exitCode;
  }

  /** Resolves to the exit status. */
  get ended(): Promise<number | null> {
    return this.#exited.then(() => this.#child.exitCode);
  }

  /** Waits for something of its output; fails when it ends without. */
  async until<T>(find: () => T | undefined): Promise<T> {
    for (;;) {
      const found = find();
      if (found !== undefined) return found;
      if (this.#child.exitCode !== null) {
        throw new Error(`it ended with ${this.#child.exitCode}:\n${this.stdout}\n${this.stderr}`);
      }
      await this.#wake.promise;
    }
  }

  /** The first whole log line that fits. */
  async line(fits: (line: LogLine) => boolean): Promise<LogLine> {
    return await this.until(() =>
      logLines(this.stdout.slice(0, this.stdout.lastIndexOf('\n') + 1)).find((line) => fits(line)),
    );
  }

  /** Resolves to the exit status, once it has ended by itself. */
  async exited(): Promise<number | null> {
    await this.#exited;
    return this.#child.exitCode;
  }

  /** Resolves to the exit status. */
  async stop(signal: NodeJS.Signals = 'SIGTERM'): Promise<number | null> {
    this.#child.kill(signal);
    await this.#exited;
    return this.#child.exitCode;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#child.exitCode === null && this.#child.signalCode === null) this.#child.kill('SIGKILL');
    await this.#exited;
  }

  #notify(): void {
    const wake = this.#wake;
    this.#wake = Promise.withResolvers();
    wake.resolve();
  }
}
