// A real OpenSSH server of one's own for a test: keys generated into a temporary folder, on a free port, as the user
// who runs the test.

import { freePort } from '@weir/postgres-server';
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir, userInfo } from 'node:os';
import { join } from 'node:path';

const SSHD = '/usr/sbin/sshd';

export interface SshServerOptions {
  /** Lines of sshd_config, such as `AllowTcpForwarding: 'no'`. */
  readonly settings?: Readonly<Record<string, string>>;
  /** `ed25519` and `rsa` when absent. */
  readonly hostKeyTypes?: readonly string[];
}

/** For `test(name, { skip: missingSshServer() }, …)`: the reason to skip, or false. */
export function missingSshServer(): string | false {
  if (existsSync(SSHD)) return false;
  if (process.env['WEIR_REQUIRE_SERVICES'] === '1')
    throw new Error('the OpenSSH server is required (WEIR_REQUIRE_SERVICES=1) and is not installed');
  return 'the OpenSSH server is not installed';
}

/** A new pair of keys at `path` and `path`.pub. */
export function generateSshKey(
  path: string,
  options: readonly string[],
): { private: string; public: string } {
  const result = spawnSync('ssh-keygen', ['-q', '-N', '', '-C', 'test', ...options, '-f', path], {
    encoding: 'utf8',
  });
  if (result.status !== 0) throw new Error(`ssh-keygen failed: ${result.stderr}`);
  return { private: readFileSync(path, 'utf8'), public: readFileSync(`${path}.pub`, 'utf8').trim() };
}

export class SshServer implements AsyncDisposable {
  readonly host = '127.0.0.1';
  readonly user = userInfo().username;
  readonly port: number;
  readonly folder: string;
  /** A key that the server accepts. */
  readonly privateKey: string;
  /** The public host keys by type, as their .pub files have them. */
  readonly hostKeys: ReadonlyMap<string, string>;
  #child: ChildProcess | undefined;
  #log = '';

  constructor(port: number, folder: string, options: SshServerOptions) {
    this.port = port;
    this.folder = folder;
    const types = options.hostKeyTypes ?? ['ed25519', 'rsa'];
    const hostKeys = types.map(
      (type) => [type, generateSshKey(join(folder, `host_${type}`), ['-t', type]).public] as const,
    );
    this.hostKeys = new Map(hostKeys);
    this.privateKey = generateSshKey(join(folder, 'client'), ['-t', 'ed25519']).private;
    this.authorize(readFileSync(join(folder, 'client.pub'), 'utf8').trim());
    const settings = {
      ListenAddress: `${this.host}:${port}`,
      PidFile: 'none',
      UsePAM: 'no',
      StrictModes: 'no',
      PasswordAuthentication: 'no',
      PermitRootLogin: 'prohibit-password',
      AuthorizedKeysFile: join(folder, 'authorized_keys'),
      ...options.settings,
    };
    const lines = Object.entries(settings).map(([name, value]) => `${name} ${value}`);
    for (const type of types) lines.push(`HostKey ${join(folder, `host_${type}`)}`);
    writeFileSync(join(folder, 'sshd_config'), `${lines.join('\n')}\n`);
  }

  get endpoint(): string {
    return `ssh://${this.user}@${this.host}:${this.port}`;
  }

  /** What the server has logged so far. */
  get log(): string {
    return this.#log;
  }

  /** `ssh-keygen -l` of a host key: `SHA256:…`. */
  fingerprint(type: string): string {
    const result = spawnSync('ssh-keygen', ['-l', '-f', join(this.folder, `host_${type}.pub`)], {
      encoding: 'utf8',
    });
    return result.stdout.split(' ')[1] ?? '';
  }

  /** Lets the owner of the key in; `options` as in authorized_keys. */
  authorize(publicKey: string, options = ''): void {
    writeFileSync(join(this.folder, 'authorized_keys'), `${options} ${publicKey}`.trim() + '\n', {
      flag: 'a',
    });
  }

  async start(): Promise<void> {
    if (process.getuid?.() === 0) mkdirSync('/run/sshd', { recursive: true, mode: 0o755 });
    const child = spawn(SSHD, ['-D', '-e', '-f', join(this.folder, 'sshd_config')], {
      stdio: ['ignore', 'ignore', 'pipe'],
    });
    this.#child = child;
    // A test that ends in the middle leaves no server behind.
    const stop = (): void => void child.kill('SIGKILL');
    process.once('exit', stop);
    child.once('exit', () => process.off('exit', stop));
    const listening = Promise.withResolvers<undefined>();
    const before = this.#log.length;
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      this.#log += text;
      if (this.#log.includes('Server listening', before)) listening.resolve(undefined);
    });
    child.once('exit', () => listening.reject(new Error(`sshd ended: ${this.#log}`)));
    await listening.promise;
  }

  /** The processes that serve connections; each has left the group of the server. */
  sessions(): number[] {
    const pid = this.#child?.pid;
    return pid === undefined ? [] : descendants(pid);
  }

  /** Also those that come about meanwhile. */
  signalSessions(signal: NodeJS.Signals): void {
    const signalled = new Set<number>();
    for (;;) {
      const fresh = this.sessions().filter((pid) => !signalled.has(pid));
      if (fresh.length === 0) return;
      for (const pid of fresh) {
        signalled.add(pid);
        signalUnlessEnded(pid, signal);
      }
    }
  }

  /** As when the machine goes down: the server and every connection at once. */
  async kill9(): Promise<void> {
    const child = this.#child;
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) return;
    const exited = once(child, 'exit');
    // Once it stands still, nobody can connect, and what serves connections stays its descendant.
    child.kill('SIGSTOP');
    this.signalSessions('SIGKILL');
    child.kill('SIGKILL');
    await exited;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.kill9();
    rmSync(this.folder, { recursive: true, force: true });
  }
}

function signalUnlessEnded(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
}

function descendants(pid: number): number[] {
  const parents = new Map<number, number>();
  for (const entry of readdirSync('/proc')) {
    if (!/^[0-9]+$/.test(entry)) continue;
    try {
      const fields = readFileSync(`/proc/${entry}/stat`, 'utf8')
        .replace(/^.*\) /s, '')
        .split(' ');
      parents.set(Number(entry), Number(fields[1]));
    } catch {
      // It ended in the meantime.
    }
  }
  const found: number[] = [];
  for (let level = [pid]; level.length > 0;) {
    level = [...parents].filter(([, parent]) => level.includes(parent)).map(([child]) => child);
    found.push(...level);
  }
  return found;
}

/** Starts a server that lets the current user in; `await using` stops and removes it. */
export async function startSshServer(options: SshServerOptions = {}): Promise<SshServer> {
  const folder = mkdtempSync(join(tmpdir(), 'weir-sshd-'));
  const server = new SshServer(await freePort(), folder, options);
  await server.start();
  return server;
}

/** The part of a connector's configuration that says so; `more` in place of what this server wants. */
export function tunnelThrough(ssh: SshServer, more: object = {}): Record<string, unknown> {
  const { endpoint: sshEndpoint, privateKey } = ssh;
  const hostKey = ssh.fingerprint('ed25519');
  return { networkTunnel: { sshForwarding: { sshEndpoint, privateKey, hostKey, ...more } } };
}
