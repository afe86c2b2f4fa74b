// Under an older Node, bin/weir.js is a process of its own that waits for this one. It hands on the signals that it gets, and
// when it is killed its end of the channel closes, which is taken for a terminal that is gone.

import { stopSignals, takeHandedOn } from './stop-signals.ts';

export function followLauncher(): void {
  if (process.env['WEIR_LAUNCHER'] === undefined) return;
  // Connectors have no such launcher.
  delete process.env['WEIR_LAUNCHER'];
  const onGone = (): void => takeHandedOn('SIGHUP');
  if (!process.connected) {
    onGone();
    return;
  }
  process.on('message', (message) => {
    const name = stopSignals.find((signal) => signal === message);
    if (name !== undefined) takeHandedOn(name);
  });
  process.on('disconnect', onGone);
  process.channel?.unref();
}
