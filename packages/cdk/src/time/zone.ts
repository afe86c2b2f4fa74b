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
  // The offset before a change of the clocks is that of a day earlier, the one after it that of a day later.
  const offsets = [-DAY_MS, DAY_MS].map((far) => zoneOffsetMs(zone, shown.plusMs(far)));
  const candidates = offsets.map((offset) => shown.plusMs(-offset)).sort((a, b) => a.compare(b));
  const right = candidates.find((each) => shownIn(zone, each).compare(shown) === 0);
  return right ?? candidates[0] ?? shown;
}

const DAY_MS = 86_400_000;
