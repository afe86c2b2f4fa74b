// RFC 3339 text and google.protobuf.Timestamp (seconds and nanoseconds since 1970, UTC).

import { errors } from './errors.ts';

export interface Timestamp {
  readonly seconds: bigint;
  /** 0 to 999,999,999. */
  readonly nanos: number;
}

const RFC_3339 = /^(\d{4}-\d{2}-\d{2})[Tt ](\d{2}:\d{2}:\d{2})(?:\.(\d{1,9}))?([Zz]|[+-]\d{2}:\d{2})$/;

export function parseTimestamp(text: string): Timestamp {
  const match = RFC_3339.exec(text);
  const [, date = '', time = '', fraction = '', zone = ''] = match ?? [];
  const milliseconds = match === null ? Number.NaN : Date.parse(`${date}T${time}${zone.toUpperCase()}`);
  if (Number.isNaN(milliseconds)) {
    throw errors.PROTOCOL_UNENCODABLE({ message: `'${text}' is not an RFC 3339 timestamp.` });
  }
  return { seconds: BigInt(milliseconds / 1000), nanos: Number(fraction.padEnd(9, '0')) };
}

/** In UTC, with three, six or nine digits of a fraction, or none. */
export function formatTimestamp(timestamp: Timestamp): string {
  const instant = new Date(Number(timestamp.seconds) * 1000);
  if (Number.isNaN(instant.getTime())) {
    throw errors.PROTOCOL_MALFORMED({
      message: `A timestamp of ${timestamp.seconds} seconds is out of range.`,
    });
  }
  const whole = instant.toISOString().slice(0, -5);
  if (timestamp.nanos === 0) return `${whole}Z`;
  const fraction = String(timestamp.nanos).padStart(9, '0');
  return `${whole}.${fraction.replace(/(?:000){1,2}$/, '')}Z`;
}
