import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { ConnectorOutput } from './connector-output.ts';

async function started(program: string, args: readonly string[]) {
  const output = await ConnectorOutput.open();
  const child = spawn(program, args, { stdio: ['ignore', output.childEnd, 'ignore'], detached: true });
  output.childEnd.destroy();
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

test('everything that a process writes is read, and then its end', async () => {
  const lines = 300_000;
  const program = `let text = ''; for (let i = 0; i < ${lines}; i += 1) text += i + '\\n'; process.stdout.write(text);`;
  const { output } = await started(process.execPath, ['-e', program]);
  const text = Array.from({ length: lines }, (_, index) => `${index}\n`).join('');
  const expected = createHash('sha256').update(text).digest('hex');
  assert.deepEqual(await readAll(output), { bytes: text.length, hash: expected });
});

test('nothing is read while bytes that were handed out are still in use', async () => {
  const { output } = await started(process.execPath, [
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

test('output that a grandchild holds open ends once it is silent', async () => {
  const { output, exited, pid } = await started('sh', ['-c', 'sleep 60 & echo done']);
  try {
    const read = readAll(output);
    await exited;
    await output.closeWhenSilent(() => delay(50));
    assert.equal((await read).bytes, 'done\n'.length);
  } finally {
    process.kill(-pid, 'SIGKILL');
  }
});
