// Follows the events of a run and knows, for every task, what its live line says.

import type { SupervisorEvent, TaskName } from '@weir/runtime';
import { Rate } from './rate.ts';
import type { TaskPhase, TaskProgress } from './task-line.ts';

interface Tracked {
  readonly task: TaskName;
  phase: TaskPhase;
  documents: number;
  bytes: number;
  readonly documentRate: Rate;
  readonly byteRate: Rate;
  lastCommitMs: number | undefined;
  note: string;
}

export class RunProgress {
  readonly #tasks: Map<string, Tracked>;

  constructor(tasks: readonly TaskName[]) {
    this.#tasks = new Map(
      tasks.map((task) => [
        task.name,
        {
          task,
          phase: 'starting',
          documents: 0,
          bytes: 0,
          documentRate: new Rate(),
          byteRate: new Rate(),
          lastCommitMs: undefined,
          note: '',
        },
      ]),
    );
  }

  see(event: SupervisorEvent, nowMs: number): void {
    const tracked = this.#tasks.get(event.task);
    if (tracked === undefined) return;
    switch (event.kind) {
      case 'starting':
        tracked.phase = 'starting';
        break;
      case 'opened':
        tracked.phase = 'running';
        tracked.note = '';
        break;
      case 'commit':
        tracked.phase = 'running';
        tracked.documents += event.documents;
        tracked.bytes += event.bytes;
        tracked.lastCommitMs = nowMs;
        break;
      case 'caughtUp':
        tracked.phase = 'caught up';
        break;
      case 'failed':
        tracked.phase = event.retryInMs === undefined ? 'failed' : 'waiting';
        tracked.note = `${event.error.code === '' ? '' : `${event.error.code}: `}${event.error.message}`;
        break;
      case 'stopped':
        tracked.phase = 'stopped';
        break;
      case 'applied':
      case 'state':
      case 'log':
      case 'schemaChanged':
        break;
    }
  }

  /** In the order of the tasks. To be called in regular intervals, which the rates are taken over. */
  snapshot(nowMs: number, lagOf: (task: string) => number | undefined): TaskProgress[] {
    return [...this.#tasks.values()].map((tracked) => {
      tracked.documentRate.add(tracked.documents, nowMs);
      tracked.byteRate.add(tracked.bytes, nowMs);
      const { task, phase, documents, bytes, lastCommitMs, note } = tracked;
      return {
        name: task.name,
        kind: task.kind,
        phase,
        documents,
        bytes,
        bytesPerSecond: tracked.byteRate.perSecond(),
        documentsPerSecond: tracked.documentRate.perSecond(),
        lagBytes: lagOf(task.name),
        lastCommitMs,
        note,
      };
    });
  }
}
