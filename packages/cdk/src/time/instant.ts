// A point in time, to the nanosecond. A Date holds milliseconds; APIs give microseconds, and a cursor that was rounded
// is a cursor that skips a row or reads it for ever.

const NS_PER_MS = 1_000_000n;
const NS_PER_SECOND = 1_000_000_000n;

/** Date, `T` or space, time with up to nine digits of fraction, and perhaps a zone. */
const rfc3339 =
  /^(\d{4}-\d{2}-\d{2})[Tt ](\d{2}:\d{2}:\d{2})(?:\.(\d{1,9}))?(?:([Zz])|([+-]\d{2}):?(\d{2}))?$/;

export class Instant {
  /** Since 1970-01-01T00:00:00Z. */
  readonly nanoseconds: bigint;

  constructor(nanoseconds: bigint) {
    this.nanoseconds = nanoseconds;
  }

  static ofMs(milliseconds: number): Instant {
    return new Instant(BigInt(Math.floor(milliseconds)) * NS_PER_MS);
  }

  static ofSeconds(seconds: number | bigint): Instant {
    return new Instant(BigInt(seconds) * NS_PER_SECOND);
  }

  /** RFC 3339, or the same without a zone, which then is UTC. undefined for any other text. */
  static parse(text: string): Instant | undefined {
    const match = rfc3339.exec(text);
    if (match === null) return undefined;
    const [, date, time, fraction = '', , hours, minutes] = match;
    const ms = Date.parse(`${date}T${time}Z`);
    if (Number.isNaN(ms)) return undefined;
    const offsetMinutes = hours === undefined ? 0 : Math.abs(Number(hours)) * 60 + Number(minutes);
    const offset =
      BigInt(hours?.startsWith('-') === true ? -offsetMinutes : offsetMinutes) * 60n * NS_PER_SECOND;
    return new Instant(BigInt(ms) * NS_PER_MS + BigInt(fraction.padEnd(9, '0')) - offset);
  }

  get ms(): number {
    return Number(this.nanoseconds / NS_PER_MS);
  }

  plusMs(milliseconds: number): Instant {
    return new Instant(this.nanoseconds + BigInt(milliseconds) * NS_PER_MS);
  }

  plusNs(nanoseconds: bigint): Instant {
    return new Instant(this.nanoseconds + nanoseconds);
  }

  /** The last multiple of `tickNs` that is not after this. */
  floor(tickNs: bigint): Instant {
    const rest = ((this.nanoseconds % tickNs) + tickNs) % tickNs;
    return new Instant(this.nanoseconds - rest);
  }

  /** The first multiple of `tickNs` that is not before this. */
  ceil(tickNs: bigint): Instant {
    const whole = this.floor(tickNs);
    return whole.nanoseconds === this.nanoseconds ? whole : whole.plusNs(tickNs);
  }

  /** Negative, zero or positive. */
  compare(other: Instant): number {
    if (this.nanoseconds === other.nanoseconds) return 0;
    return this.nanoseconds < other.nanoseconds ? -1 : 1;
  }

  isAfter(other: Instant): boolean {
    return this.nanoseconds > other.nanoseconds;
  }

  /** RFC 3339 in UTC, with as many digits of fraction as are needed: none, 3, 6 or 9. */
  toString(): string {
    return this.toText();
  }

  /** The same with exactly so many digits of fraction, cut off. */
  toText(digits?: number): string {
    const seconds = this.floor(NS_PER_SECOND);
    const whole = new Date(seconds.ms).toISOString().slice(0, 19);
    const fraction = (this.nanoseconds - seconds.nanoseconds).toString().padStart(9, '0');
    const kept = fraction.slice(0, digits ?? neededDigits(fraction));
    return kept === '' ? `${whole}Z` : `${whole}.${kept}Z`;
  }
}

function neededDigits(fraction: string): number {
  return Math.ceil(fraction.replace(/0+$/, '').length / 3) * 3;
}

/**
 * The newest instant of which everything may be claimed to be seen. A tick that is still running may get another row,
 * so it and the one before it stay out; `lagMs` is how late rows may become visible.
 */
export function horizon(nowMs: number, tickNs: bigint, lagMs: number): Instant {
  return Instant.ofMs(nowMs).floor(tickNs).plusNs(-tickNs).plusMs(-lagMs).floor(tickNs);
}
