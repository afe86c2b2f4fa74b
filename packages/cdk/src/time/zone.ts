// Times of a place: what its clocks show at an instant, and back. Twice a year that has no single answer: an hour that is
// skipped has no instant, and one that is repeated has two, of which the first is taken.

import type { Instant } from './instant.ts';

const formats = new Map<string, Intl.DateTimeFormat>();

/** How far the clocks of an IANA zone are ahead of UTC. Throws a RangeError for a zone that is not known. */
export function zoneOffsetMs(zone: string, instant: Instant): number {
  const known = formats.get(zone);
  const format =
    known ??
    new Intl.DateTimeFormat('en-US', {
      timeZone: zone,
      hourCycle: 'h23',
      era: 'short',
      year: 'numeric',
      month: 'numeric',
      day: 'numeric',
      hour: 'numeric',
      minute: 'numeric',
      second: 'numeric',
    });
  if (known === undefined) formats.set(zone, format);
  const wholeMs = instant.floor(1_000_000_000n).ms;
  const parts = new Map(format.formatToParts(wholeMs).map(({ type, value }) => [type, value]));
  const part = (type: Intl.DateTimeFormatPartTypes): number => Number(parts.get(type));
  const shown = Date.UTC(
    part('year'),
    part('month') - 1,
    part('day'),
    part('hour'),
    part('minute'),
    part('second'),
  );
  return shown - wholeMs;
}

/** The instant whose UTC text is what the clocks of the zone show at this one. */
export function shownIn(zone: string, instant: Instant): Instant {
  return instant.plusMs(zoneOffsetMs(zone, instant));
}

/** `shown`: what the clocks of the zone show, as if it were UTC. */
export function ofShown(zone: string, shown: Instant): Instant {
  const candidates = candidatesOf(zone, shown);
  const right = candidates.find((each) => shownIn(zone, each).compare(shown) === 0);
  return right ?? candidates[0] ?? shown;
}

/**
 * Like `shownIn`, for the bound of a filter that names no zone: whichever of two instants its reader takes a repeated time for,
 * what is meant by `from` is not later than this instant, and what is meant by `to` not earlier.
 */
export function shownAsBound(zone: string, instant: Instant, bound: 'from' | 'to'): Instant {
  const shown = shownIn(zone, instant);
  for (const other of candidatesOf(zone, shown)) {
    if (shownIn(zone, other).compare(shown) !== 0) continue;
    const isMistaken = bound === 'from' ? other.isAfter(instant) : instant.isAfter(other);
    // As far away as the two are from each other, no time is repeated.
    if (isMistaken) return shown.plusMs(instant.ms - other.ms);
  }
  return shown;
}

/** The first one earlier or the same. Where an hour is skipped, neither shows it. */
function candidatesOf(zone: string, shown: Instant): Instant[] {
  // The offset before a change of the clocks is that of a day earlier, the one after it that of a day later.
  const offsets = [-DAY_MS, DAY_MS].map((far) => zoneOffsetMs(zone, shown.plusMs(far)));
  return offsets.map((offset) => shown.plusMs(-offset)).sort((a, b) => a.compare(b));
}

const DAY_MS = 86_400_000;
