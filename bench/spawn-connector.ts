// A connector of this project, started as the runtime starts it: protobuf frames, and Node's cache of compiled sources.

import { type ChildProcessByStdio, spawn } from 'node:child_process';
import { join } from 'node:path';
import type { Readable, Writable } from 'node:stream';

const project = join(import.meta.dirname, '..');

/** `name`: its folder under connectors/. */
export function spawnConnector(name: string): ChildProcessByStdio<Writable, Readable, null> {
  return spawn(process.execPath, [join(project, 'connectors', name, 'src/main.ts')], {
    env: {
      ...process.env,
      FLOW_RUNTIME_CODEC: 'proto',
      LOG_LEVEL: 'warn',
      NODE_COMPILE_CACHE: join(project, 'node_modules/.cache/weir'),
    },
    stdio: ['pipe', 'pipe', 'inherit'],
  });
}
