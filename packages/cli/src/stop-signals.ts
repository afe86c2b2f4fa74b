// Ctrl-C, SIGTERM and a terminal that is closed ask for an end at the next transaction; a second one ends at once.

export interface StopSignals extends Disposable {
  readonly signal: AbortSignal;
}

const exitStatus = { SIGINT: 130, SIGTERM: 143, SIGHUP: 129 } as const;

/** `whenUnread`: also when whoever reads stdout is gone, as in `weir read … | head`. */
export function abortOnSignals({ whenUnread = false } = {}): StopSignals {
  const controller = new AbortController();
  using stack = new DisposableStack();
  for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
    const onSignal = (): void => {
      if (controller.signal.aborted) process.exit(exitStatus[name]);
      controller.abort(new Error(`stopped by ${name}`));
    };
    process.on(name, onSignal);
    stack.defer(() => process.off(name, onSignal));
  }
  if (whenUnread) {
    const onError = (error: NodeJS.ErrnoException): void => {
      if (error.code === 'EPIPE') controller.abort(new Error('nobody reads the output any more'));
    };
    process.stdout.on('error', onError);
    stack.defer(() => process.stdout.off('error', onError));
  }
  const listeners = stack.move();
  return { signal: controller.signal, [Symbol.dispose]: () => listeners.dispose() };
}
