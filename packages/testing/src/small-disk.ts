// A file system of a few megabytes, to be filled. It takes a user who may mount one.

import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdirSync, readFileSync } from 'node:fs';
import type { TestContext } from 'node:test';
import { endsWithProcess } from './ends-with-process.ts';

export interface SmallDisk extends Disposable {
  resize(megabytes: number): void;
}

const size = (megabytes: number): string => `size=${megabytes}m`;

/** At `path`, which is made unless it is there; undefined where this user may not mount one. */
export function smallDisk(path: string, megabytes: number): SmallDisk | undefined {
  mkdirSync(path, { recursive: true });
  const { status } = spawnSync('mount', ['-t', 'tmpfs', '-o', size(megabytes), 'weir-test', path]);
  if (status !== 0) return undefined;
  const unmount = () => void spawnSync('umount', ['-l', path]);
  const end = endsWithProcess(unmount);
  return {
    resize(now) {
      const resized = spawnSync('mount', ['-o', `remount,${size(now)}`, path], { encoding: 'utf8' });
      assert.equal(resized.status, 0, resized.stderr);
    },
    [Symbol.dispose]() {
      end[Symbol.dispose]();
      unmount();
    },
  };
}

const CAP_SYS_ADMIN = 21n;

/** Of this process; a root of a container usually has it not. */
function mayMount(): boolean {
  if (process.platform !== 'linux') return false;
  const [, effective] = /^CapEff:\s*([0-9a-f]+)$/m.exec(readFileSync('/proc/self/status', 'utf8')) ?? [];
  return effective !== undefined && ((BigInt(`0x${effective}`) >> CAP_SYS_ADMIN) & 1n) === 1n;
}

/** Skips with one loud line; fails where services are required and the mount should have been possible. */
export function skipForMount(context: TestContext, what: string): void {
  const reason = 'this user may not mount a file system';
  if (process.env['WEIR_REQUIRE_SERVICES'] === '1' && mayMount())
    assert.fail(`${what} is not tested: ${reason}`);
  process.stderr.write(`SKIPPED ${what}: ${reason}\n`);
  context.skip(reason);
}
