// What the status line says of a stream that is behind.

import type { StreamHealth } from './database.ts';

/** Less than this is what any stream is behind now and then. */
const WORTH_TELLING = { bytes: 64 * 1024 ** 2, ms: 120_000 };

/** ` (1.2 GiB, 3 minutes behind)`, or nothing. */
export function lagText(health: StreamHealth | undefined): string {
  if (health === undefined) return '';
  const { behindBytes, behindMs } = health;
  if (behindBytes < WORTH_TELLING.bytes && behindMs < WORTH_TELLING.ms) return '';
  return ` (${sizeText(behindBytes)}, ${timeText(behindMs)} behind)`;
}

function sizeText(bytes: number): string {
  const mebibytes = bytes / 1024 ** 2;
  return mebibytes < 1024 ? `${Math.round(mebibytes)} MiB` : `${(mebibytes / 1024).toFixed(1)} GiB`;
}

function timeText(ms: number): string {
  const seconds = Math.round(ms / 1000);
  if (seconds < 120) return `${seconds} seconds`;
  return seconds < 7200 ? `${Math.round(seconds / 60)} minutes` : `${Math.round(seconds / 3600)} hours`;
}
