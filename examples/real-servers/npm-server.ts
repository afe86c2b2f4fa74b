// Servers that nobody here wrote, from npm. They are no dependencies: a test installs them when it runs, into the cache of the
// user, and runs each as a process of its own.

import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { endsWithProcess } from '@weir/testing';

const cache = join(process.env['XDG_CACHE_HOME'] ?? join(homedir(), '.cache'), 'weir', 'npm-servers');

/** Where the packages are installed; throws what npm said when it could not. */
function install(name: string, packages: readonly string[]): string {
  const folder = join(cache, `${name}-${packages.join('-').replaceAll(/[^\w.-]/g, '_')}`.slice(0, 200));
  if (existsSync(folder)) return folder;
  const made = `${folder}.${process.pid}`;
  mkdirSync(made, { recursive: true });
  writeFileSync(join(made, 'package.json'), '{"private":true}');
  const { status, stderr } = spawnSync(
    'npm',
    ['install', '--no-audit', '--no-fund', '--ignore-scripts', '--no-save', ...packages],
    { cwd: made, encoding: 'utf8', timeout: 240_000 },
  );
  if (status !== 0) {
    rmSync(made, { recursive: true, force: true });
    throw new Error(`npm install ${packages.join(' ')}: ${stderr}`);
  }
  try {
    renameSync(made, folder);
  } catch (failure) {
    // Another test was faster.
    rmSync(made, { recursive: true, force: true });
    if (!existsSync(folder)) throw failure;
  }
  return folder;
}

export class NpmServer implements AsyncDisposable {
  readonly url: string;
  readonly #child: ChildProcess;

  private constructor(child: ChildProcess, url: string) {
    this.#child = child;
    this.url = url;
  }

  /** `script`: of servers/, which prints its URL once it listens. It is given the folder of the packages, and `args`. */
  static async start(
    script: string,
    packages: readonly string[],
    ...args: readonly string[]
  ): Promise<NpmServer> {
    const folder = install(script, packages);
    const path = join(import.meta.dirname, 'servers', `${script}.mjs`);
    const child = spawn(process.execPath, [path, folder, ...args], { stdio: ['ignore', 'pipe', 'pipe'] });
    const end = endsWithProcess(() => child.kill('SIGKILL'));
    child.once('close', () => end[Symbol.dispose]());
    let said = '';
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      said += text;
    });
    const url = await new Promise<string>((resolve, reject) => {
      createInterface({ input: child.stdout }).once('line', resolve);
      child.once('close', (code) => reject(new Error(`${script} ended with ${code}: ${said}`)));
    });
    return new NpmServer(child, url);
  }

  async ask(method: string, path: string, body?: object): Promise<unknown> {
    const answer = await fetch(`${this.url}${path}`, {
      method,
      ...(body === undefined
        ? {}
        : { body: JSON.stringify(body), headers: { 'content-type': 'application/json' } }),
    });
    const text = await answer.text();
    if (!answer.ok) throw new Error(`${method} ${path}: ${answer.status} ${text}`);
    return text === '' ? undefined : JSON.parse(text);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const closed = new Promise((resolve) => this.#child.once('close', resolve));
    this.#child.kill('SIGKILL');
    await closed;
  }
}

/** Why there is nothing to be tested: npm cannot install the packages. Where every service is required, it fails instead. */
export function missingNpm(script: string, packages: readonly string[]): string | false {
  try {
    install(script, packages);
    return false;
  } catch (failure) {
    if (process.env['WEIR_REQUIRE_SERVICES'] === '1') throw failure;
    return `npm cannot install it: ${String(failure).slice(0, 200)}`;
  }
}
