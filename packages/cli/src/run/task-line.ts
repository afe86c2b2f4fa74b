// One live line per task: what it has moved, how fast, how far behind it is, and when it last committed.

export type TaskPhase = 'starting' | 'running' | 'caught up' | 'waiting' | 'stopping' | 'stopped' | 'failed';

export interface TaskProgress {
  readonly name: string;
  readonly kind: 'capture' | 'materialization';
  readonly phase: TaskPhase;
  /** Since this run began. */
  readonly documents: number;
  readonly bytes: number;
  /** Over the last seconds. */
  readonly bytesPerSecond: number;
  readonly documentsPerSecond: number;
  /** Committed bytes that a materialization has not read; undefined for captures. */
  readonly lagBytes: number | undefined;
  /** Milliseconds since the Unix epoch; undefined before the first commit. */
  readonly lastCommitMs: number | undefined;
  /** Why it waits or failed. */
  readonly note: string;
}

export function formatCount(count: number): string {
  return Math.round(count)
    .toString()
    .replaceAll(/\B(?=(\d{3})+$)/g, ' ');
}

export function formatBytes(bytes: number): string {
  if (bytes < 1000) return `${Math.round(bytes)} B`;
  if (bytes < 1e6) return `${(bytes / 1e3).toFixed(1)} kB`;
  if (bytes < 1e9) return `${(bytes / 1e6).toFixed(1)} MB`;
  return `${(bytes / 1e9).toFixed(2)} GB`;
}

export function formatAge(milliseconds: number): string {
  const seconds = Math.max(0, milliseconds) / 1000;
  if (seconds < 10) return `${seconds.toFixed(1)} s`;
  if (seconds < 120) return `${Math.round(seconds)} s`;
  if (seconds < 7200) return `${Math.round(seconds / 60)} min`;
  return `${Math.round(seconds / 3600)} h`;
}

/** At most `width` characters; `nameWidth` aligns the lines of several tasks. */
export function formatTaskLine(task: TaskProgress, nowMs: number, width: number, nameWidth: number): string {
  const parts = [
    task.name.padEnd(nameWidth),
    task.phase.padEnd(9),
    `${formatCount(task.documents).padStart(11)} docs`,
    `${formatCount(task.documentsPerSecond).padStart(8)}/s`,
    `${(task.bytesPerSecond / 1e6).toFixed(1).padStart(6)} MB/s`,
    task.lagBytes === undefined ? ''.padEnd(12) : `lag ${formatBytes(task.lagBytes)}`.padEnd(12),
    task.lastCommitMs === undefined ? 'no commit yet' : `commit ${formatAge(nowMs - task.lastCommitMs)} ago`,
  ];
  if (task.note !== '') parts.push(task.note.split('\n', 1)[0] ?? '');
  const line = parts.join('  ').trimEnd();
  return line.length <= width ? line : `${line.slice(0, Math.max(0, width - 1))}…`;
}
