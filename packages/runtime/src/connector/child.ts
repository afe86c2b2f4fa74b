// One child process with piped stdio, in a process group of its own: Ctrl-C on the terminal reaches the runtime, which
// ends its connectors at a transaction boundary, and not the connectors themselves.

import { spawn } from 'node:child_process';
import type { ChildProcessByStdio } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import type { Socket } from 'node:net';
import type { Readable, Writable } from 'node:stream';
import { setTimeout as delay } from 'node:timers/promises';
import { errors } from '../errors.ts';
import { ConnectorOutput } from './connector-output.ts';
import type { ConnectorCommand } from './connector-command.ts';
import type { ExitStatus } from './failure.ts';

/** A grandchild may hold the pipes open after the connector itself is gone; they are closed when silent for this long. */
const lingeringOutputMs = 2000;

export class Child {
  readonly #process: ChildProcessByStdio<Writable, Readable | null, Readable>;
  readonly #command: ConnectorCommand;
  readonly #containerName: string;
  /** Resolves when the process has exited, and its stdin and stderr are closed. Never rejects. */
  readonly closed: Promise<ExitStatus>;
  /** Resolves once the program runs; rejects with CONNECTOR_START_FAILED. */
  readonly started: Promise<void>;
  #status: ExitStatus | undefined;

  readonly output: ConnectorOutput;

  private constructor(command: ConnectorCommand, env: NodeJS.ProcessEnv, output: ConnectorOutput) {
    this.#command = command;
    this.output = output;
    this.#containerName = `fc_${randomBytes(8).toString('hex')}`;
    const [first = '', ...rest] = command.arguments;
    const args =
      command.container === true ? [first, `--name=${this.#containerName}`, ...rest] : [...command.arguments];
    const stdio: ['pipe', Socket | 'pipe', 'pipe'] = ['pipe', output.childEnd, 'pipe'];
    // Its types know no third kind of stdout.
    this.#process = spawn(command.program, args, {
      stdio: stdio as ['pipe', Socket, 'pipe'],
      env,
      detached: true,
    });
    output.started(this.#process.stdout);
    const spawned = Promise.withResolvers<void>();
    const closed = Promise.withResolvers<ExitStatus>();
    this.started = spawned.promise;
    this.started.catch(() => {});
    this.closed = closed.promise;
    this.#process.once('spawn', () => spawned.resolve());
    this.#process.once('error', (cause) => {
      spawned.reject(startError(command, cause));
      this.#status ??= { code: 127, signal: null };
      output.destroy();
      closed.resolve(this.#status);
    });
    this.#process.once('exit', (code, signal) => {
      this.#status = { code, signal };
      void this.#closeLingeringPipes();
    });
    this.#process.once('close', (code, signal) => closed.resolve(this.#status ?? { code, signal }));
    // Its type does not know a child that could have no pipes.
    const stdin = this.#process.stdin as Writable | undefined;
    if (stdin === undefined) throw new Error('too many files are open');
    // A connector need not read its stdin; that it is gone shows on its stdout and in its exit status.
    stdin.on('error', () => {});
  }

  /** Throws CONNECTOR_START_FAILED when there can be no process at all; otherwise `started` tells. */
  static async spawn(command: ConnectorCommand, env: NodeJS.ProcessEnv): Promise<Child> {
    const output = await ConnectorOutput.open();
    try {
      return new Child(command, env, output);
    } catch (cause) {
      output.destroy();
      throw startError(command, cause);
    }
  }

  get pid(): number | undefined {
    return this.#process.pid;
  }

  get stdin(): Writable {
    return this.#process.stdin;
  }

  get stderr(): Readable {
    return this.#process.stderr;
  }

  get hasExited(): boolean {
    return this.#status !== undefined;
  }

  async #closeLingeringPipes(): Promise<void> {
    const { stderr } = this.#process;
    const wait = (): Promise<void> => delay(lingeringOutputMs, undefined, { ref: false });
    void this.output.closeWhenSilent(wait);
    await wait();
    for (let seen = -1; !stderr.closed && seen !== 0; await wait()) seen = stderr.readableLength;
    stderr.destroy();
  }

  /** Sends a signal to the connector and everything that it started. */
  kill(signal: 'SIGTERM' | 'SIGKILL'): void {
    if (this.#process.pid === undefined || this.hasExited) return;
    try {
      process.kill(-this.#process.pid, signal);
    } catch {
      this.#process.kill(signal);
    }
    if (this.#command.container !== true || signal !== 'SIGKILL') return;
    spawn(this.#command.program, ['rm', '--force', this.#containerName], { stdio: 'ignore' }).on(
      'error',
      () => {},
    );
  }

  /** Ends stdin, and when the process does not leave by itself, SIGTERM after `graceMs` and SIGKILL 5 s later. */
  async stop(graceMs: number): Promise<ExitStatus> {
    this.#process.stdin.end();
    const exited = async (timeoutMs: number): Promise<boolean> => {
      const timer = new AbortController();
      const timeout = delay(timeoutMs, false, { signal: timer.signal }).catch(() => false);
      const won = await Promise.race([this.closed.then(() => true), timeout]);
      timer.abort();
      return won;
    };
    if (!(await exited(graceMs))) {
      this.kill('SIGTERM');
      if (!(await exited(5000))) this.kill('SIGKILL');
    }
    return await this.closed;
  }
}

function startError(command: ConnectorCommand, cause: unknown) {
  const { code, message } = cause as NodeJS.ErrnoException;
  const why = code === 'ENOENT' ? 'there is no such program' : message;
  return errors.CONNECTOR_START_FAILED({
    message: `Cannot start the connector ${command.description}: ${command.program}: ${why}.`,
    cause,
  });
}
