// What the user configures beside the key and the start date.

import { isoDurationMs, type PartDefinition, type Span } from '@weir/cdk';
import { flag, optional, text } from '@weir/schema';
import { optionalSection } from '@weir/schema/config';

const MINUTE_MS = 60_000;
/** That of the streams themselves. */
const DEFAULT_WINDOW = 'P1D';
const LONGEST_MS = 30 * 24 * 60 * MINUTE_MS;

export const config = {
  capture_connected_accounts: optional(
    flag({
      title: 'Capture Connected Accounts',
      description: 'Whether the accounts that are connected to this one are captured too.',
      default: false,
      order: 10,
      nonsensitive: true,
    }),
  ),
  advanced: optionalSection(
    {
      title: 'Advanced Config',
      description: 'Settings that most accounts do not need.',
      order: 11,
      advanced: true,
    },
    {
      api_version: optional(
        text({
          title: 'API Version',
          description:
            "The version of Stripe's API that answers, such as 2024-06-20. That of the account if it is empty.",
          pattern: String.raw`^(\d{4}-\d{2}-\d{2}(\.\w+)?)?$`,
          order: 0,
        }),
      ),
      incremental_window_size: optional(
        text({
          title: 'Max Incremental Window Size',
          description:
            'No look at the events is for a longer time, as an ISO 8601 duration such as PT1H: a minute at least, 30 days at most.',
          pattern: String.raw`^P(?=.)(\d+D)?(T(?=\d)(\d+H)?(\d+M)?(\d+S)?)?$`,
          default: DEFAULT_WINDOW,
          order: 1,
        }),
      ),
    },
  ),
};

/** Looks at events are for no longer time than the user says. */
export function withWindow(
  streams: Readonly<Record<string, PartDefinition>>,
  size: string,
): Readonly<Record<string, PartDefinition>> {
  const configured = isoDurationMs(size);
  if (configured === undefined || size === DEFAULT_WINDOW) return streams;
  const longestWindow: Span = `${Math.min(Math.max(configured, MINUTE_MS), LONGEST_MS)}ms`;
  return Object.fromEntries(
    Object.entries(streams).map(([name, stream]) => [name, windowed(stream, longestWindow)]),
  );
}

function windowed(stream: PartDefinition, longestWindow: Span): PartDefinition {
  if (stream.kind === 'events') return { kind: stream.kind, options: { ...stream.options, longestWindow } };
  if (stream.kind !== 'child changes') return stream;
  const { of } = stream.options;
  if (of.kind !== 'events') return stream;
  const above = { kind: of.kind, options: { ...of.options, longestWindow } };
  return { kind: stream.kind, options: { ...stream.options, of: above } };
}
