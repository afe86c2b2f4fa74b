// CPU time and peak memory of processes, from /proc (Linux): our own while they live, a native tool's through the
// shell's `time`.

import { spawn } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { basename } from 'node:path';
import type { RunFigures } from './bench-row.ts';

const ticksPerSecond = 100;

export interface ProcessFigures {
  /** The folder of the connector, or the program. */
  readonly name: string;
  readonly cpuSeconds: number;
  /** Of its children that have ended. */
  readonly endedCpuSeconds: number;
  readonly peakRssMiB: number;
}

/** The fields of /proc/PID/stat behind the name of the program: state, parent, … */
function statOf(pid: number): string[] {
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
  return stat.slice(stat.lastIndexOf(')') + 2).split(' ');
}

/** CPU seconds so far and peak RSS of a live process. */
export function readProcess(pid: number): ProcessFigures {
  const fields = statOf(pid);
  const seconds = (first: number) => (Number(fields[first]) + Number(fields[first + 1])) / ticksPerSecond;
  const status = readFileSync(`/proc/${pid}/status`, 'utf8');
  const command = readFileSync(`/proc/${pid}/cmdline`, 'utf8');
  return {
    name: /connectors\/([^/]+)/.exec(command)?.[1] ?? basename(command.split('\0')[1] ?? ''),
    cpuSeconds: seconds(11),
    endedCpuSeconds: seconds(13),
    peakRssMiB: Number(/VmHWM:\s+(\d+)/.exec(status)?.[1] ?? 0) / 1024,
  };
}

/** The figures of a process and of its children that live. */
export function readTree(pid: number): ProcessFigures[] {
  const children = readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map(Number)
    .filter((child) => {
      try {
        return Number(statOf(child)[1]) === pid;
      } catch {
        return false;
      }
    });
  return [readProcess(pid), ...children.map(readProcess)];
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
