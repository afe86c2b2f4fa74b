// One open capture session: `pull` runs while acknowledgements are read beside it. The session ends when pull does.
// stdin may end at any time, since the runtime closes it when no acknowledgement is to come; that alone ends nothing.

import { errors as connectorErrors, type ConnectorStreams } from '@weir/connector';
import type { CaptureOpenRequest } from '@weir/protocol';
import { Acknowledgements } from './acknowledgements.ts';
import { GroupedOutput } from './grouped-output.ts';
import { parseState } from './capture-state.ts';
import type { Capture, CaptureBinding } from './capture.ts';
import { previewOf } from './preview.ts';

export async function runSession<Config, Resource, State extends object>(
  capture: Capture<Config, Resource, State>,
  config: Config,
  bindings: readonly CaptureBinding<Resource>[],
  open: CaptureOpenRequest,
  streams: ConnectorStreams<'capture'>,
): Promise<void> {
  const explicitAcknowledgements = capture.explicitAcknowledgements ?? false;
  streams.responses.send({ kind: 'opened', explicitAcknowledgements });
  streams.log.status(
    bindings.length === 0
      ? 'Capture started; no binding is enabled'
      : `Capture started with ${count(bindings.length)}`,
  );

  const broken = new AbortController();
  const closed = new AbortController();
  const signal = AbortSignal.any([streams.signal, broken.signal, closed.signal]);
  const acknowledgements = new Acknowledgements();
  const output = new GroupedOutput(streams.responses, acknowledgements, bindings.length, (failure) => {
    // Whoever sent the group hears first, and may know better what its failure means.
    setImmediate(() => closed.abort(failure));
  });
  const reading = readAcknowledgements(streams, signal, explicitAcknowledgements, acknowledgements).catch(
    (failure: unknown) => broken.abort(failure),
  );
  try {
    await capture.pull({
      taskName: open.capture.name,
      config,
      bindings,
      state: parseState(open.state) as Partial<State>,
      range: open.range,
      signal,
      log: streams.log,
      preview: previewOf(streams.env),
      output,
      spec: open.capture,
    });
    // A pull that waits for its signal returns just as if it had been asked to end.
    if (!streams.signal.aborted) broken.signal.throwIfAborted();
  } catch (failure) {
    if (broken.signal.aborted) throw broken.signal.reason;
    if (closed.signal.aborted && isAbort(failure)) throw closed.signal.reason;
    if (!endedOnRequest(streams.signal, failure)) throw failure;
    return;
  } finally {
    broken.abort();
    await reading;
  }
  if (!streams.signal.aborted) output.assertCommitted();
}

async function readAcknowledgements(
  streams: ConnectorStreams<'capture'>,
  signal: AbortSignal,
  explicit: boolean,
  acknowledgements: Acknowledgements,
): Promise<void> {
  try {
    for (;;) {
      const request = await streams.requests.next(signal);
      if (request === undefined) return;
      if (request.kind !== 'acknowledge') {
        throw connectorErrors.CONNECTOR_UNEXPECTED_REQUEST({
          message: `The runtime sent "${request.kind}" within a session.`,
        });
      }
      if (explicit) acknowledgements.acknowledge(request.checkpoints);
    }
  } finally {
    acknowledgements.end();
  }
}

/** A pull that was asked to end may do so by throwing what it was asked with. */
function endedOnRequest(signal: AbortSignal, failure: unknown): boolean {
  if (!signal.aborted) return false;
  const asked: unknown = signal.reason;
  if (!(asked instanceof DOMException)) return false;
  return failure === asked || isAbort(failure);
}

function isAbort(failure: unknown): boolean {
  return failure instanceof Error && failure.name === 'AbortError';
}

function count(bindings: number): string {
  return bindings === 1 ? 'one binding' : `${bindings} bindings`;
}
