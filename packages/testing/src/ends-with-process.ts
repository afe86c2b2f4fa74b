// What a test started must not outlive its process: not after a test that failed before it could dispose of anything, and
// not after one that was given up in the middle. Each is ended when the process exits, if it is still there.

const endings = new Set<() => void>();

process.on('exit', () => {
  for (const end of endings) {
    try {
      end();
    } catch {
      // It is gone already.
    }
  }
});

/** `end` must not wait for anything. It is called when this process exits, unless `[Symbol.dispose]` was called before. */
export function endsWithProcess(end: () => void): Disposable {
  endings.add(end);
  return { [Symbol.dispose]: () => void endings.delete(end) };
}
