// CPU time and peak memory of processes, from /proc (Linux): our own while they live, a native tool's through the
// shell's `time`.

import { spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import type { RunFigures } from './bench-row.ts';

const ticksPerSecond = 100;

/** CPU seconds so far and peak RSS of a live process. */
export function readProcess(pid: number): { cpuSeconds: number; peakRssMiB: number } {
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  const status = readFileSync(`/proc/${pid}/status`, 'utf8');
  return {
    cpuSeconds: (Number(fields[11]) + Number(fields[12])) / ticksPerSecond,
    peakRssMiB: Number(/VmHWM:\s+(\d+)/.exec(status)?.[1] ?? 0) / 1024,
  };
}

/** Runs a shell command to its end, its output thrown away; rejects when it fails. */
export function runShell(
  command: string,
  count: number,
  env: Readonly<Record<string, string>> = {},
): Promise<RunFigures> {
  return new Promise((resolve, reject) => {
    const started = performance.now();
    const child = spawn('bash', ['-c', `set -o pipefail; TIMEFORMAT='TIME %U %S'; time { ${command}; }`], {
      env: { ...process.env, ...env },
      stdio: ['ignore', 'ignore', 'pipe'],
    });
    let errors = '';
    child.stderr.setEncoding('utf8').on('data', (text: string) => (errors += text));
    child.once('error', reject);
    child.once('close', (code) => {
      const seconds = (performance.now() - started) / 1000;
      const [, user, system] = /TIME ([\d.]+) ([\d.]+)\s*$/.exec(errors) ?? [];
      if (code === 0) resolve({ count, seconds, cpuSeconds: Number(user) + Number(system), peakRssMiB: 0 });
      else reject(new Error(`${command} failed with ${code}:\n${errors}`));
    });
  });
}
