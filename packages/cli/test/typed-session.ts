// The command on a terminal of its own, as `script` of util-linux makes one: what is typed goes in, what would be seen
// comes out.

import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { until } from '@weir/testing';

const main = join(import.meta.dirname, '..', 'src', 'main.ts');

/** For `test(name, { skip: missingTerminal() }, …)`: the reason to skip, or false. */
export function missingTerminal(): string | false {
  if (spawnSync('script', ['--version']).status === 0) return false;
  if (process.env['WEIR_REQUIRE_SERVICES'] === '1')
    throw new Error('script of util-linux is required (WEIR_REQUIRE_SERVICES=1) and is not installed');
  return 'script of util-linux is not installed';
}

export class TypedSession implements AsyncDisposable {
  readonly #child: ChildProcess;
  readonly #exited: Promise<unknown>;
  /** Everything that was seen. */
  screen = '';
  #read = 0;

  constructor(folder: string, ...args: readonly string[]) {
    const command = [process.execPath, main, ...args].map((word) => `'${word}'`).join(' ');
    this.#child = spawn('script', ['-qec', command, '/dev/null'], {
      cwd: folder,
      stdio: ['pipe', 'pipe', 'inherit'],
      env: { ...process.env, TERM: 'dumb' },
    });
    this.#child.stdout?.setEncoding('utf8').on('data', (text: string) => (this.screen += text));
    this.#exited = once(this.#child, 'close');
  }

  /** Waits for this text behind what was waited for before. */
  async seen(prompt: string): Promise<void> {
    const explain = (): string => this.screen;
    const isShown = (): boolean => this.screen.includes(prompt, this.#read) || this.#child.exitCode !== null;
    await until(`the prompt ${JSON.stringify(prompt)}`, isShown, { timeoutMs: 60_000, everyMs: 20, explain });
    const at = this.screen.indexOf(prompt, this.#read);
    if (at < 0) throw new Error(`it ended without ${JSON.stringify(prompt)}:\n${this.screen}`);
    this.#read = at + prompt.length;
  }

  /** Waits for a prompt, and types a line. */
  async answer(prompt: string, line: string): Promise<void> {
    await this.seen(prompt);
    this.#child.stdin?.write(`${line}\r`);
  }

  /** Resolves to the exit status. */
  async ended(): Promise<number | null> {
    await this.#exited;
    return this.#child.exitCode;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#child.exitCode === null) this.#child.kill('SIGKILL');
    await this.#exited;
  }
}
