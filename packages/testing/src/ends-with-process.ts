// What a test started must not outlive its process: not after a test that failed before it could dispose of anything, and
// not after one that was given up in the middle. Each is ended when the process exits, if it is still there.

const endings = new Set<() => void>();

let isWatching = false;

function endAll(): void {
  for (const end of endings) {
    try {
      end();
    } catch {
      // It is gone already.
    }
  }
}

/** A process that a signal ends has no `exit`. Where somebody else listens for the signal too, it is theirs to end it. */
function watch(): void {
  isWatching = true;
  process.on('exit', endAll);
  for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP'] as const) {
    process.once(signal, () => {
      if (process.listenerCount(signal) > 0) return;
      endAll();
      process.kill(process.pid, signal);
    });
  }
}

/**
 * `end` must not wait for long. It is called when this process exits, also by a signal, unless `[Symbol.dispose]` was
 * called before.
 */
export function endsWithProcess(end: () => void): Disposable {
  if (!isWatching) watch();
  endings.add(end);
  return { [Symbol.dispose]: () => void endings.delete(end) };
}
