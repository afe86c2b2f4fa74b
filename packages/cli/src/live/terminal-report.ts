// The report for a person at a terminal: one live line per task, and above them what needs attention.

import { logLevels, type LogLevel, type SupervisorEvent } from '@weir/runtime';
import { formatLog } from '../log-printer.ts';
import { eventLine, failureLines } from './event-line.ts';
import { LiveScreen, type Terminal } from './live-screen.ts';
import type { RunProgress, RunReport } from './run-report.ts';
import { formatTaskLines } from './task-line.ts';

export interface TerminalReportOptions {
  readonly progress: RunProgress;
  /** Logs and events below this level are not printed. */
  readonly level: LogLevel;
  readonly terminal: Terminal;
  readonly color: boolean;
}

export class TerminalReport implements RunReport {
  readonly #options: TerminalReportOptions;
  readonly #screen: LiveScreen;

  constructor(options: TerminalReportOptions) {
    this.#options = options;
    this.#screen = new LiveScreen(options.terminal);
  }

  onEvent(event: SupervisorEvent, nowMs: number): void {
    const { level, color } = this.#options;
    if (event.kind === 'failed' && event.retryInMs === undefined) {
      this.#screen.print(failureLines(event.task, event.error));
      return;
    }
    const line = eventLine(event);
    if (line === undefined || logLevels.indexOf(line.level) < logLevels.indexOf(level)) return;
    const { task: _task, event: _event, code: _code, retryInMs: _retryInMs, ...fields } = line.fields;
    const ts = event.kind === 'log' ? event.log.ts : new Date(nowMs).toISOString();
    this.#screen.print(
      formatLog(event.task, { ts, level: line.level, message: line.message, fields }, color),
    );
  }

  draw(nowMs: number): void {
    this.#screen.draw(formatTaskLines(this.#options.progress.at(nowMs), nowMs, this.#screen.columns));
  }

  onStop(): void {
    this.#screen.print('Stopping at the next transaction; again to stop at once.');
  }

  end(nowMs: number): void {
    this.draw(nowMs);
  }
}
