// A connector of this project, started as the runtime starts it: protobuf frames, Node's flags and its cache of compiled
// sources.

import { type ChildProcessByStdio, spawn } from 'node:child_process';
import type { Socket } from 'node:net';
import { join } from 'node:path';
import type { Readable, Writable } from 'node:stream';
import { connectorNodeFlags } from '@weir/runtime';

const project = join(import.meta.dirname, '..');

/** `name`: its folder under connectors/, or a program of the bench. */
export function spawnConnector(name: string): ChildProcessByStdio<Writable, Readable, null> {
  return spawn(process.execPath, [...connectorNodeFlags, mainOf(name)], {
    env: environment(),
    stdio: ['pipe', 'pipe', 'inherit'],
  });
}

/** As `spawnConnector`, with its output going to this socket. */
export function spawnConnectorInto(name: string, output: Socket): ChildProcessByStdio<Writable, null, null> {
  return spawn(process.execPath, [...connectorNodeFlags, mainOf(name)], {
    env: environment(),
    stdio: ['pipe', output, 'inherit'],
  });
}

function mainOf(name: string): string {
  if (name.endsWith('.ts')) return join(import.meta.dirname, name);
  return join(project, 'connectors', name, 'src/main.ts');
}

function environment(): NodeJS.ProcessEnv {
  return {
    ...process.env,
    FLOW_RUNTIME_CODEC: 'proto',
    LOG_LEVEL: 'warn',
    NODE_COMPILE_CACHE: join(project, 'node_modules/.cache/weir'),
  };
}
