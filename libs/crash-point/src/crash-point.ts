// A crash point is a named place between two effects (append | sync, commit | acknowledge…). Armed through the
// environment it kills its process there with SIGKILL, as a power cut would; otherwise it costs one comparison.
// Every name in use is listed in the crash-point list of its package, and a test exercises each.

/** `WEIR_CRASH_POINT=name` kills at the first pass, `name:3` at the third. */
const armed = parse(process.env['WEIR_CRASH_POINT']);
let passesLeft = armed?.pass ?? 0;

function parse(setting: string | undefined): { name: string; pass: number } | undefined {
  if (setting === undefined || setting === '') return undefined;
  const [name, pass] = setting.split(':');
  return { name: name ?? '', pass: pass === undefined ? 1 : Number(pass) };
}

/** The name of the armed crash point of this process, for logs. */
export function armedCrashPoint(): string | undefined {
  return armed?.name;
}

export function crashPoint(name: string): void {
  if (armed === undefined || armed.name !== name) return;
  passesLeft -= 1;
  if (passesLeft === 0) process.kill(process.pid, 'SIGKILL');
}
