// One line per task: what it has moved, how fast, how far behind it is, and when it last committed.

import { formatAge, formatBytes, formatCount } from './format.ts';
import type { TaskSnapshot } from './task-progress.ts';
import { padEnd, padStart, textWidth, truncate } from './text-width.ts';

/** Lines of one width, their columns aligned; none longer than `width` columns. */
export function formatTaskLines(tasks: readonly TaskSnapshot[], nowMs: number, width: number): string[] {
  const nameWidth = Math.min(
    Math.max(0, ...tasks.map(({ name }) => textWidth(name))),
    Math.max(12, Math.floor(width / 3)),
  );
  return tasks.map((task) => truncate(lineOf(task, nowMs, nameWidth), width));
}

function lineOf(task: TaskSnapshot, nowMs: number, nameWidth: number): string {
  const parts = [
    padEnd(truncate(task.name, nameWidth), nameWidth),
    padEnd(task.phase, 9),
    padStart(`${formatCount(task.documents)} docs`, 14),
    padStart(`${formatCount(task.documentsPerSecond)} docs/s`, 14),
    padStart(`${(task.bytesPerSecond / 1e6).toFixed(1)} MB/s`, 10),
    padEnd(task.lagBytes === undefined ? '' : `lag ${formatBytes(task.lagBytes)}`, 12),
    task.lastCommitMs === 0 ? 'no checkpoint yet' : `checkpoint ${formatAge(nowMs - task.lastCommitMs)} ago`,
    noteOf(task, nowMs),
  ];
  return parts.join('  ').trimEnd();
}

function noteOf({ error, retryAtMs }: TaskSnapshot, nowMs: number): string {
  if (error === undefined) return '';
  const what = error.code === '' ? (error.message.split('\n', 1)[0] ?? '') : error.code;
  return retryAtMs === undefined ? what : `${what}, again in ${formatAge(retryAtMs - nowMs)}`;
}
