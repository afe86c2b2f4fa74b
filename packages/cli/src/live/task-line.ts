// One line per task: what it has moved, how fast, how far behind it is, and when it last committed.

import { formatAge, formatBytes, formatCount } from './format.ts';
import type { TaskSnapshot } from './task-progress.ts';
import { padEnd, padStart, textWidth, truncate } from './text-width.ts';

/** From this width on columns keep room for larger numbers, so that they stay where they are. */
const roomyWidth = 99;
/** Of name, phase, documents, their rate, the bytes' rate, lag. */
const roomyColumns = [12, 9, 10, 11, 9, 10];
const numberColumns = new Set([2, 3, 4]);

/** One line per task, their columns aligned; none is wider than `width` columns of the terminal. */
export function formatTaskLines(tasks: readonly TaskSnapshot[], nowMs: number, width: number): string[] {
  const rows = tasks.map((task) => cellsOf(task, nowMs, width));
  const hasLag = tasks.some(({ lagBytes }) => lagBytes !== undefined);
  const widths = roomyColumns.map((roomy, column) => {
    const content = Math.max(0, ...rows.map((row) => textWidth(row[column] ?? '')));
    const isEmptyLag = column === 5 && !hasLag;
    return width < roomyWidth || isEmptyLag ? content : Math.max(roomy, content);
  });
  return rows.map((row) => truncate(lineOf(row, widths), width));
}

function cellsOf(task: TaskSnapshot, nowMs: number, width: number): string[] {
  const { lagBytes, lastCommitMs } = task;
  const age = formatAge(nowMs - lastCommitMs);
  return [
    truncate(task.name, Math.max(12, Math.floor(width / 3))),
    task.phase,
    `${formatCount(task.documents)} docs`,
    `${formatCount(task.documentsPerSecond)} docs/s`,
    `${(task.bytesPerSecond / 1e6).toFixed(1)} MB/s`,
    lagBytes === undefined ? '' : `lag ${formatBytes(lagBytes)}`,
    lastCommitMs === 0 ? 'no checkpoint yet' : width < roomyWidth ? `${age} ago` : `checkpoint ${age} ago`,
    noteOf(task, nowMs),
  ];
}

function lineOf(cells: readonly string[], widths: readonly number[]): string {
  return cells
    .map((cell, column) => (numberColumns.has(column) ? padStart : padEnd)(cell, widths[column] ?? 0))
    .filter((cell) => cell !== '')
    .join('  ')
    .trimEnd();
}

function noteOf({ error, retryAtMs }: TaskSnapshot, nowMs: number): string {
  if (error === undefined) return '';
  const what = error.code === '' ? (error.message.split('\n', 1)[0] ?? '') : error.code;
  return retryAtMs === undefined ? what : `${what}, again in ${formatAge(retryAtMs - nowMs)}`;
}
