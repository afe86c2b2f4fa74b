// What a run shows: live lines on a terminal, JSON lines elsewhere.

import type { OpsLog, SupervisorEvent } from '@weir/runtime';
import { formatLog } from '../log-printer.ts';
import { LiveLines } from './live-lines.ts';
import type { LiveTerminal } from './live-lines.ts';
import { formatTaskLine } from './task-line.ts';
import type { TaskProgress } from './task-line.ts';

export interface RunDisplay {
  /** How often `update` should be called. */
  readonly everyMs: number;
  update(tasks: readonly TaskProgress[], nowMs: number): void;
  event(event: SupervisorEvent, nowMs: number): void;
  log(task: string, log: OpsLog): void;
}

function eventText(event: SupervisorEvent): string | undefined {
  switch (event.kind) {
    case 'applied':
      return event.actionDescription === '' ? undefined : `applied: ${event.actionDescription}`;
    case 'schemaChanged':
      return 'the inferred schema of a collection has grown: starting again with the new one';
    case 'failed': {
      const { code, message, fix } = event.error;
      const retry =
        event.retryInMs === undefined ? '' : ` (trying again in ${(event.retryInMs / 1000).toFixed(1)} s)`;
      return `${code === '' ? '' : `${code}: `}${message}${retry}${fix === '' ? '' : `\n${fix}`}`;
    }
    case 'starting':
    case 'opened':
    case 'state':
    case 'commit':
    case 'caughtUp':
    case 'log':
    case 'stopped':
      return undefined;
  }
}

export function terminalDisplay(terminal: LiveTerminal, color: boolean): RunDisplay {
  const live = new LiveLines(terminal);
  return {
    everyMs: 250,
    update(tasks, nowMs) {
      const nameWidth = Math.max(...tasks.map((task) => task.name.length));
      live.draw(tasks.map((task) => formatTaskLine(task, nowMs, live.width, nameWidth)));
    },
    event(event) {
      const text = eventText(event);
      if (text !== undefined) live.print(`${event.task}: ${text}\n`);
    },
    log(task, log) {
      live.print(`${formatLog(task, log, color)}\n`);
    },
  };
}

/** One JSON object per line: `ts`, `level`, `message`, `fields` with the task's name. Commits are summed up every 5 s. */
export function jsonDisplay(write: (line: string) => void): RunDisplay {
  const told = new Map<string, string>();
  const line = (nowMs: number, level: string, message: string, fields: object): void => {
    write(`${JSON.stringify({ ts: new Date(nowMs).toISOString(), level, message, fields })}\n`);
  };
  return {
    everyMs: 5000,
    update(tasks, nowMs) {
      for (const { name, kind, note: _note, ...progress } of tasks) {
        const state = JSON.stringify([progress.phase, progress.documents, progress.lagBytes]);
        if (told.get(name) === state) continue;
        told.set(name, state);
        line(nowMs, 'info', 'progress', { task: name, kind, ...progress });
      }
    },
    event(event, nowMs) {
      const { task } = event;
      const text = eventText(event);
      if (event.kind === 'failed') {
        const { code, retry, fix } = event.error;
        line(nowMs, 'error', event.error.message, { task, code, fix, retry, retryInMs: event.retryInMs });
      } else if (text !== undefined) line(nowMs, 'info', text, { task });
      else if (event.kind === 'starting' || event.kind === 'opened' || event.kind === 'stopped') {
        line(nowMs, 'info', event.kind, { task });
      }
    },
    log(task, log) {
      write(`${JSON.stringify({ ...log, fields: { task, ...log.fields } })}\n`);
    },
  };
}
