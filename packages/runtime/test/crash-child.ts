// The process that the crash tests kill: the ledger's capture and two destinations of different patterns, all over one
// state folder, with scripted connectors. Ends with 0 when everything is captured and stored.
// Arguments: folder, documents, keys, documents per checkpoint.

import { join } from 'node:path';
import { runCapture } from '../src/task/capture-task.ts';
import { runMaterialization } from '../src/task/materialize-task.ts';
import { openEnvironment, type TaskEnvironment } from '../src/task/task-environment.ts';
import { StateLock } from '../src/store/state-lock.ts';
import { Destination, type Pattern } from './scripted/destination.ts';
import { ledgerCapture, ledgerCollection, ledgerMaterialization, ledgerSource } from './scripted/ledger.ts';

const [folder = '', documents, keys, batch] = process.argv.slice(2);
const workload = { documents: Number(documents), keys: Number(keys), batch: Number(batch) };

using environment = openEnvironment(join(folder, 'state'));
using _lock = StateLock.acquire(environment.folder.path, Date.now());

let captured = false;

async function capture(): Promise<void> {
  const stop = new AbortController();
  await runCapture({
    environment,
    capture: ledgerCapture(),
    version: 'v1',
    connect: () => Promise.resolve(ledgerSource(workload)),
    signal: stop.signal,
    segmentBytes: 4000,
    onEvent: (event) => event.kind === 'caughtUp' && stop.abort(),
  });
  captured = true;
}

function lag(current: TaskEnvironment, positions: Readonly<Record<string, number>>): boolean {
  const [journal] = current.store.journals(ledgerCollection().name);
  const position = Object.entries(positions).find(([key]) => key.startsWith(journal?.name ?? '?'))?.[1] ?? 0;
  return journal === undefined || position < journal.head;
}

async function materialize(pattern: Pattern, isCaptured: Promise<void>): Promise<void> {
  using destination = new Destination(join(folder, `${pattern}.db`), pattern);
  const stop = new AbortController();
  let positions: Readonly<Record<string, number>> = {};
  const stopWhenDone = (): void => {
    if (captured && !lag(environment, positions)) stop.abort();
  };
  void isCaptured.then(stopWhenDone);
  await runMaterialization({
    environment,
    materialization: ledgerMaterialization(ledgerCollection(), { name: `test/${pattern}` }),
    version: 'v1',
    connect: () => Promise.resolve(destination.connect()),
    signal: stop.signal,
    transactionBytes: 3000,
    memoryBytes: 2000,
    onEvent(event) {
      if (event.kind !== 'caughtUp') return;
      ({ positions } = event);
      stopWhenDone();
    },
  });
}

const capturing = capture();
await Promise.all([capturing, materialize('authoritative', capturing), materialize('postCommit', capturing)]);
