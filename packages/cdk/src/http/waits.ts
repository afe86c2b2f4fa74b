// How long an API asks to wait, in all the forms in which APIs say it.

import type { ResponseHeaders } from './transport.ts';

/** Longer waits than a day are mistakes of whoever wrote the header. */
const LONGEST_MS = 86_400_000;
/** Seconds above this are a time since 1970, milliseconds and microseconds above the others. */
const EPOCH_SECONDS = 1e9;
const EPOCH_MS = 1e12;
const EPOCH_US = 1e15;

const resetHeaders = ['x-ratelimit-reset', 'x-rate-limit-reset', 'ratelimit-reset'] as const;
const remainingHeaders = [
  'x-ratelimit-remaining',
  'x-rate-limit-remaining',
  'ratelimit-remaining',
  'x-hubspot-ratelimit-remaining',
] as const;
const limitHeaders = [
  'x-ratelimit-limit',
  'x-rate-limit-limit',
  'ratelimit-limit',
  'x-hubspot-ratelimit-max',
] as const;
/** How long the quota is counted for, where no header says when it begins anew. */
const intervalHeader = 'x-hubspot-ratelimit-interval-milliseconds';

/** After an answer that refused the request. undefined: the API does not say. `nowMs`: by the clock of this machine. */
export function retryAfterMs(headers: ResponseHeaders, nowMs: number): number | undefined {
  const milliseconds = Number(headers['retry-after-ms'] ?? Number.NaN);
  if (!Number.isNaN(milliseconds)) return bounded(milliseconds);
  return waitOf(headers['retry-after'], clockOf(headers, nowMs)) ?? resetMs(headers, nowMs);
}

/** What the clock of the API shows: it and ours may be hours apart, and a time that it tells is one of its own. */
function clockOf({ date }: ResponseHeaders, nowMs: number): number {
  const told = Date.parse(date ?? '');
  return Number.isNaN(told) ? nowMs : told;
}

/** What an API says is left of a quota of requests. */
export interface QuotaLeft {
  readonly requests: number;
  /** Of how many, where it says so. */
  readonly of?: number;
  /** How long until it begins anew. */
  readonly resetMs: number;
}

/** After any answer. undefined: the API says nothing of a quota, or not when it begins anew. */
export function quotaLeft(headers: ResponseHeaders, nowMs: number): QuotaLeft | undefined {
  const left = countOf(
    first(headers, remainingHeaders) ?? structured(headers['ratelimit'], 'r', 'remaining'),
  );
  const reset = resetMs(headers, nowMs);
  if (left === undefined || reset === undefined || reset === 0) return undefined;
  const of = countOf(
    first(headers, limitHeaders) ??
      structured(headers['ratelimit-policy'], 'q') ??
      structured(headers['ratelimit'], 'limit'),
  );
  return { requests: left, resetMs: reset, ...(of === undefined ? {} : { of }) };
}

/** A parameter of a structured header: `"default";r=50;t=30`, or in an older form `limit=100, remaining=50, reset=30`. */
function structured(value: string | undefined, ...names: readonly string[]): string | undefined {
  return new RegExp(`(?:^|[;,])\\s*(?:${names.join('|')})=(\\d+)`).exec(value ?? '')?.[1];
}

function countOf(text: string | undefined): number | undefined {
  const count = Number(text?.trim() === '' ? Number.NaN : text);
  return Number.isNaN(count) || count < 0 ? undefined : count;
}

function resetMs(headers: ResponseHeaders, nowMs: number): number | undefined {
  const text = first(headers, resetHeaders) ?? structured(headers['ratelimit'], 't', 'reset');
  const reset = waitOf(text, clockOf(headers, nowMs));
  const interval = Number(headers[intervalHeader] ?? Number.NaN);
  return reset ?? (Number.isNaN(interval) ? undefined : bounded(interval));
}

/** Seconds, a time since 1970 in seconds, milliseconds or microseconds, or a date. */
function waitOf(value: string | undefined, nowMs: number): number | undefined {
  const text = value?.trim();
  if (text === undefined || text === '') return undefined;
  const number = Number(text);
  if (!Number.isNaN(number)) {
    if (number >= EPOCH_US) return bounded(number / 1000 - nowMs);
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
