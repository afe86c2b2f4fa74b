// A crash point is a named place between two effects (append | sync, commit | acknowledge…). Armed through the
// environment it kills its process there with SIGKILL, as a power cut would; otherwise it costs one comparison.
// Every name in use is listed in the crash-point list of its package, and a test exercises each.

import { closeSync, openSync } from 'node:fs';

/** `WEIR_CRASH_POINT=name` kills at the first pass, `name:3` at the third. */
const armed = parse(process.env['WEIR_CRASH_POINT']);
/**
 * With `WEIR_CRASH_ONCE=path` one process dies, of all that run in this environment: it makes the file first, and
 * where the file is there nobody dies. So a runtime's restarts of a connector can be watched.
 */
const marker = process.env['WEIR_CRASH_ONCE'];
let passesLeft = armed?.pass ?? 0;

function parse(setting: string | undefined): { name: string; pass: number } | undefined {
  if (setting === undefined || setting === '') return undefined;
  const [name, pass] = setting.split(':');
  return { name: name ?? '', pass: pass === undefined ? 1 : Number(pass) };
}

export function crashPoint(name: string): void {
  if (armed === undefined || armed.name !== name) return;
  passesLeft -= 1;
  if (passesLeft === 0 && mayDie()) process.kill(process.pid, 'SIGKILL');
}

function mayDie(): boolean {
  if (marker === undefined || marker === '') return true;
  try {
    closeSync(openSync(marker, 'wx'));
    return true;
  } catch {
    return false;
  }
}
