// A file system of a few megabytes, to be filled. It takes a user who may mount one.

import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdirSync } from 'node:fs';
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

/** Skips with one loud line; fails where services are required. */
export function skipForMount(context: TestContext, what: string): void {
  const reason = 'this user may not mount a file system';
  if (process.env['WEIR_REQUIRE_SERVICES'] === '1') assert.fail(`${what} is not tested: ${reason}`);
  process.stderr.write(`SKIPPED ${what}: ${reason}\n`);
  context.skip(reason);
}
