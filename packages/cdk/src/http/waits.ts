// How long an API asks to wait, in all the forms in which APIs say it.

import type { ResponseHeaders } from './transport.ts';

/** Longer waits than a day are mistakes of whoever wrote the header. */
const LONGEST_MS = 86_400_000;
/** Seconds above this are a time since 1970, milliseconds above the other. */
const EPOCH_SECONDS = 1_000_000_000;
const EPOCH_MS = 1_000_000_000_000;

const resetHeaders = ['x-ratelimit-reset', 'x-rate-limit-reset', 'ratelimit-reset'] as const;
const remainingHeaders = [
  'x-ratelimit-remaining',
  'x-rate-limit-remaining',
  'ratelimit-remaining',
  'x-hubspot-ratelimit-remaining',
] as const;
/** How long the quota is counted for, where no header says when it begins anew. */
const intervalHeader = 'x-hubspot-ratelimit-interval-milliseconds';

/** After an answer that refused the request. undefined: the API does not say. */
export function retryAfterMs(headers: ResponseHeaders, nowMs: number): number | undefined {
  const milliseconds = Number(headers['retry-after-ms'] ?? Number.NaN);
  if (!Number.isNaN(milliseconds)) return bounded(milliseconds);
  return waitOf(headers['retry-after'], nowMs) ?? resetMs(headers, nowMs);
}

/** After any answer: how long to wait when it says that nothing is left of the quota; 0 otherwise. */
export function exhaustedMs(headers: ResponseHeaders, nowMs: number): number {
  const left = first(headers, remainingHeaders) ?? /(?:^|;)\s*r=(\d+)/.exec(headers['ratelimit'] ?? '')?.[1];
  if (left === undefined || left.trim() === '' || Number(left) > 0) return 0;
  return resetMs(headers, nowMs) ?? 0;
}

function resetMs(headers: ResponseHeaders, nowMs: number): number | undefined {
  const structured = /(?:^|;)\s*t=(\d+)/.exec(headers['ratelimit'] ?? '')?.[1];
  const reset = waitOf(first(headers, resetHeaders) ?? structured, nowMs);
  const interval = Number(headers[intervalHeader] ?? Number.NaN);
  return reset ?? (Number.isNaN(interval) ? undefined : bounded(interval));
}

/** Seconds, a time since 1970 in seconds or milliseconds, or a date. */
function waitOf(value: string | undefined, nowMs: number): number | undefined {
  const text = value?.trim();
  if (text === undefined || text === '') return undefined;
  const number = Number(text);
  if (!Number.isNaN(number)) {
    if (number >= EPOCH_MS) return bounded(number - nowMs);
    return bounded(number >= EPOCH_SECONDS ? number * 1000 - nowMs : number * 1000);
  }
  const date = Date.parse(text);
  return Number.isNaN(date) ? undefined : bounded(date - nowMs);
}

function first(headers: ResponseHeaders, names: readonly string[]): string | undefined {
  for (const name of names) if (headers[name] !== undefined) return headers[name];
  return undefined;
}

function bounded(milliseconds: number): number {
  return Math.min(Math.max(milliseconds, 0), LONGEST_MS);
}
