// The main loop of every connector: read a request, answer it, until stdin ends. Spec, Discover, Validate and Apply
// may come any number of times; Open takes the stream over, and the process ends with its session.
// Source of the rules: Flow's capture and materialize protocols, "lifecycle".

import type { CodecName } from '@weir/protocol';
import { currentProcess, type ConnectorProcess } from './connector-process.ts';
import { errors } from './errors.ts';
import { describeFailure } from './failure.ts';
import { createLogger, logSettings, type Logger } from './logger.ts';
import { RequestReader, type Direction, type RequestOf } from './request-reader.ts';
import { ResponseWriter } from './response-writer.ts';

/** The two streams of an open session, and what the session runs with. */
export interface ConnectorStreams<D extends Direction> {
  readonly requests: RequestReader<D>;
  readonly responses: ResponseWriter<D>;
  readonly log: Logger;
  /** Aborted when the process is asked to end, or when the runtime no longer reads. */
  readonly signal: AbortSignal;
  readonly env: Readonly<Record<string, string | undefined>>;
}

export interface ConnectorHandler<D extends Direction> {
  /** The connector's own name, for instance `source-postgres`. */
  readonly name: string;
  readonly direction: D;
  /** Answers one request by sending a response. After `ended` no further request is read. */
  handle(request: RequestOf<D>, streams: ConnectorStreams<D>): Promise<'answered' | 'ended'>;
}

/**
 * Runs a connector in the current process and ends the process: exit code 0 for a clean end, 1 after a failure,
 * whose explanation is then the last line of the log.
 */
export async function runConnector<D extends Direction>(handler: ConnectorHandler<D>): Promise<never> {
  const exitCode = await serve(handler, currentProcess());
  await new Promise<void>((resolve) => {
    process.stderr.write('', () => resolve());
  });
  process.exit(exitCode);
}

/** The main loop over the given streams. Never throws; the exit code says how it ended. */
export async function serve<D extends Direction>(
  handler: ConnectorHandler<D>,
  host: ConnectorProcess,
): Promise<0 | 1> {
  const log = createLogger(logSettings(host.env, host.isTerminal, host.writeLogLine));
  const stopping = new AbortController();
  let stoppedBy = '';
  host.onStop((reason) => {
    stoppedBy = reason;
    log.debug(`stopping: ${reason}`);
    stopping.abort(new DOMException(`stopping: ${reason}`, 'AbortError'));
  });
  try {
    await answerRequests(handler, host, log, stopping);
    return 0;
  } catch (failure) {
    if (wasStopped(failure, stopping.signal)) {
      log.info(`${handler.name} ends without an answer, as it was asked to: ${stoppedBy}`);
      return 0;
    }
    const { message, code, fix, retry, failures, stack } = describeFailure(handler.name, failure);
    if (stack !== undefined) log.debug(stack);
    log.error(message, {
      code,
      retry,
      ...(fix === '' ? {} : { fix }),
      ...(failures.length === 0 ? {} : { failures }),
    });
    return 1;
  }
}

/** Whether a request failed for no other reason than that the process was asked to end meanwhile. */
function wasStopped(failure: unknown, { aborted, reason }: AbortSignal): boolean {
  if (!aborted || !(reason instanceof DOMException)) return false;
  return (
    failure === reason ||
    (failure instanceof Error && (failure.cause === reason || failure.name === 'AbortError'))
  );
}

async function answerRequests<D extends Direction>(
  handler: ConnectorHandler<D>,
  host: ConnectorProcess,
  log: Logger,
  stopping: AbortController,
): Promise<void> {
  const requests = new RequestReader(handler.direction, host.stdin, codecOf(host.env['FLOW_RUNTIME_CODEC']));
  let streams: ConnectorStreams<D> | undefined;
  for (;;) {
    const request = await requests.next(stopping.signal);
    if (request === undefined) break;
    streams ??= {
      requests,
      responses: openResponses(handler.direction, requests, host, stopping),
      log,
      signal: stopping.signal,
      env: host.env,
    };
    if ((await handler.handle(request, streams)) === 'ended') break;
  }
  await streams?.responses.finish();
}

function openResponses<D extends Direction>(
  direction: D,
  requests: RequestReader<D>,
  host: ConnectorProcess,
  stopping: AbortController,
): ResponseWriter<D> {
  const codec = requests.codec;
  if (codec === undefined) throw new TypeError('a request was read in no codec');
  return new ResponseWriter(direction, codec, host.stdout, (failure) => stopping.abort(failure));
}

function codecOf(setting: string | undefined): CodecName | undefined {
  if (setting === undefined || setting === '') return undefined;
  if (setting === 'json' || setting === 'proto') return setting;
  throw errors.CONNECTOR_CODEC_UNKNOWN({ message: `FLOW_RUNTIME_CODEC is "${setting}".` });
}
