import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { ConnectorOutput } from './connector-output.ts';

/** Where sockets are made, and where none can be, so that there is a pipe. */
const folders = [tmpdir(), join(tmpdir(), 'x'.repeat(100))] as const;

async function started(folder: string, program: string, args: readonly string[]) {
  process.env['TMPDIR'] = folder;
  const output = await ConnectorOutput.open().finally(() => (process.env['TMPDIR'] = folders[0]));
  assert.equal(output.childEnd === 'pipe', folder !== folders[0]);
  const stdio = ['ignore', output.childEnd, 'ignore'] as ['ignore', 'pipe', 'ignore'];
  const child = spawn(program, args, { stdio, detached: true });
  output.started(child.stdout);
  const exited = new Promise<void>((resolve) => child.once('exit', () => resolve()));
  return { output, exited, pid: child.pid ?? 0 };
}

async function readAll(output: ConnectorOutput): Promise<{ bytes: number; hash: string }> {
  const hash = createHash('sha256');
  let bytes = 0;
  for (let read = await output.read(); read !== undefined; read = await output.read()) {
    hash.update(read);
    bytes += read.length;
  }
  return { bytes, hash: hash.digest('hex') };
}

for (const folder of folders) {
  const way = folder === folders[0] ? 'a socket' : 'a pipe';

  test(`${way}: everything that a process writes is read, and then its end`, async () => {
    const lines = 300_000;
    const program = `let text = ''; for (let i = 0; i < ${lines}; i += 1) text += i + '\\n'; process.stdout.write(text);`;
    const { output } = await started(folder, process.execPath, ['-e', program]);
    const text = Array.from({ length: lines }, (_, index) => `${index}\n`).join('');
    const expected = createHash('sha256').update(text).digest('hex');
    assert.deepEqual(await readAll(output), { bytes: text.length, hash: expected });
  });

  test(`${way}: nothing is read while bytes that were handed out are still in use`, async () => {
    const { output } = await started(folder, process.execPath, [
      '-e',
      `let n = 0; const more = () => { while (n < 500000 && process.stdout.write(String(n++).padStart(9) + '\\n')); };
     process.stdout.on('drain', more); more();`,
    ]);
    for (let read = await output.read(); read !== undefined; read = await output.read()) {
      const before = Buffer.from(read);
      for (let turn = 0; turn < 3; turn += 1) await delay(0);
      assert.ok(before.equals(read));
    }
  });

  test(`${way}: output that a grandchild holds open ends once it is silent`, async () => {
    const { output, exited, pid } = await started(folder, 'sh', ['-c', 'sleep 60 & echo done']);
    try {
      const read = readAll(output);
      await exited;
      await output.closeWhenSilent(() => delay(50));
      assert.equal((await read).bytes, 'done\n'.length);
    } finally {
      process.kill(-pid, 'SIGKILL');
    }
  });
}
