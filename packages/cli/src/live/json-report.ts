// The report for log collectors: JSON lines of one shape, `{"ts","level","message","fields"}`. Figures of a task are a
// line with the message `stats`, at most once a second, and only when something has changed.

import { logLevels, type LogLevel, type SupervisorEvent } from '@weir/runtime';
import { eventLine } from './event-line.ts';
import type { RunProgress, RunReport } from './run-report.ts';
import type { TaskSnapshot } from './task-progress.ts';

const statsIntervalMs = 1000;

export interface JsonReportOptions {
  readonly progress: RunProgress;
  readonly level: LogLevel;
  readonly write: (line: string) => void;
}

export class JsonReport implements RunReport {
  readonly #options: JsonReportOptions;
  readonly #told = new Map<string, { readonly atMs: number; readonly figures: string }>();

  constructor(options: JsonReportOptions) {
    this.#options = options;
  }

  onEvent(event: SupervisorEvent, nowMs: number): void {
    const line = eventLine(event);
    if (line === undefined) return;
    const ts = event.kind === 'log' ? event.log.ts : new Date(nowMs).toISOString();
    this.#print(ts, line.level, line.message, line.fields);
  }

  draw(nowMs: number): void {
    for (const task of this.#options.progress.at(nowMs)) {
      const told = this.#told.get(task.name);
      if (told === undefined || nowMs - told.atMs >= statsIntervalMs) this.#tell(task, nowMs);
    }
  }

  onStop(): void {
    this.#print(new Date().toISOString(), 'info', 'stopping at the next transaction', { event: 'stopping' });
  }

  end(nowMs: number): void {
    for (const task of this.#options.progress.at(nowMs)) this.#tell(task, nowMs);
  }

  #tell(task: TaskSnapshot, nowMs: number): void {
    const figures = JSON.stringify([
      task.phase,
      task.documents,
      task.bytes,
      task.lagBytes,
      task.lastCommitMs,
    ]);
    if (this.#told.get(task.name)?.figures === figures) return;
    this.#told.set(task.name, { atMs: nowMs, figures });
    const { name, kind, phase, documents, bytes, lagBytes, lastCommitMs, error } = task;
    this.#print(new Date(nowMs).toISOString(), 'info', 'stats', {
      task: name,
      event: 'stats',
      kind,
      phase,
      documents,
      bytes,
      documentsPerSecond: Math.round(task.documentsPerSecond),
      bytesPerSecond: Math.round(task.bytesPerSecond),
      ...(lagBytes === undefined ? {} : { lagBytes }),
      ...(lastCommitMs === 0 ? {} : { lastCommit: new Date(lastCommitMs).toISOString() }),
      ...(error === undefined || error.code === '' ? {} : { code: error.code }),
    });
  }

  #print(ts: string, level: LogLevel, message: string, fields: Readonly<Record<string, unknown>>): void {
    const { write, level: limit } = this.#options;
    if (logLevels.indexOf(level) < logLevels.indexOf(limit)) return;
    write(`${JSON.stringify({ ts, level, message, fields })}\n`);
  }
}
