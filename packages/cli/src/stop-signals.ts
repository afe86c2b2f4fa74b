// Ctrl-C, SIGTERM and a terminal that is closed ask for an end at the next transaction; a second one ends at once.
//
// A process that an older Node has started (launcher.ts) may get one Ctrl-C twice, from the terminal and handed on, in either
// order: of each signal, the greater of the two counts is how often it was sent.

export const stopSignals = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

export type StopSignal = (typeof stopSignals)[number];

const exitStatus = { SIGINT: 130, SIGTERM: 143, SIGHUP: 129 } as const;

type Counts = Record<StopSignal, number>;

const direct: Counts = { SIGINT: 0, SIGTERM: 0, SIGHUP: 0 };
const handedOn: Counts = { SIGINT: 0, SIGTERM: 0, SIGHUP: 0 };
const listeners = new Set<(name: StopSignal) => void>();

function count(counts: Counts, others: Readonly<Counts>, name: StopSignal): void {
  counts[name] += 1;
  if (counts[name] <= others[name]) return;
  for (const listener of listeners) listener(name);
}

const takeDirect = (name: NodeJS.Signals): void => count(direct, handedOn, name as StopSignal);

/** A signal that came to the process that started this one. Where nobody listens it does what the signal would do. */
export function takeHandedOn(name: StopSignal): void {
  if (process.listenerCount(name) === 0) process.kill(process.pid, name);
  else count(handedOn, direct, name);
}

/** `listener` is called once for each signal that was sent, to this process or to the one that started it. */
export function onStopSignal(listener: (name: StopSignal) => void): Disposable {
  if (listeners.size === 0) for (const name of stopSignals) process.on(name, takeDirect);
  listeners.add(listener);
  return {
    [Symbol.dispose]() {
      if (listeners.delete(listener) && listeners.size === 0)
        for (const name of stopSignals) process.off(name, takeDirect);
    },
  };
}

export interface StopSignals extends Disposable {
  readonly signal: AbortSignal;
}

/** `whenUnread`: also when whoever reads stdout is gone, as in `weir read … | head`. */
export function abortOnSignals({ whenUnread = false } = {}): StopSignals {
  const controller = new AbortController();
  using stack = new DisposableStack();
  stack.use(
    onStopSignal((name) => {
      if (controller.signal.aborted) process.exit(exitStatus[name]);
      controller.abort(new Error(`stopped by ${name}`));
    }),
  );
  if (whenUnread) {
    const onError = (error: NodeJS.ErrnoException): void => {
      if (error.code === 'EPIPE') controller.abort(new Error('nobody reads the output any more'));
    };
    process.stdout.on('error', onError);
    stack.defer(() => process.stdout.off('error', onError));
  }
  const held = stack.move();
  return { signal: controller.signal, [Symbol.dispose]: () => held.dispose() };
}
