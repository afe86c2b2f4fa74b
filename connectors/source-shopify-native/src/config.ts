// What the user configures beside the stores, and what older forms of it become: a single store with its credentials at the top,
// and lengths of windows that are a number of days or have years and months.

import { withoutCalendar } from '@weir/cdk';
import { errors, flag, optional, text } from '@weir/schema';
import { optionalSection } from '@weir/schema/config';

export const config = {
  advanced: optionalSection(
    {
      title: 'Advanced Config',
      description: 'Settings that most stores do not need.',
      order: 10,
      advanced: true,
    },
    {
      window_size: optional(
        text({
          title: 'Window Size',
          description:
            'The longest time that one bulk operation reads, as an ISO 8601 duration such as P30D; a month is 30 days, a year 365.',
          format: 'duration',
          pattern: '^(P(?=.*[1-9])([0-9]+W|([0-9]+D)?(T([0-9]+[HMS])+)?))?$',
          default: 'P30D',
          order: 0,
        }),
      ),
      should_use_composite_key: optional(
        flag({
          title: 'Use Composite Key',
          description:
            'Whether the keys of collections hold the name of the store. Off only in captures of a single store that are older than lists of stores.',
          default: true,
          nonsensitive: true,
          order: 1,
        }),
      ),
    },
  ),
};

type Raw = Readonly<Record<string, unknown>>;
const objectIn = (value: unknown): Raw =>
  typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Raw) : {};

export function upgradeConfig(raw: Raw): Record<string, unknown> {
  const { store, credentials, ...rest } = raw;
  const isOfOne = !('stores' in raw) && store !== undefined && credentials !== undefined;
  const upgraded = isOfOne ? { ...rest, stores: [{ store, credentials }] } : { ...raw };
  const advanced = objectIn(raw['advanced']);
  const { window_size: size } = advanced;
  const days = typeof size === 'number' ? `P${size}D` : size;
  const changed = {
    ...(typeof days === 'string' ? { window_size: withoutCalendar(days) } : {}),
    ...(isOfOne ? { should_use_composite_key: false } : {}),
  };
  return Object.keys(changed).length === 0
    ? upgraded
    : { ...upgraded, advanced: { ...advanced, ...changed } };
}

/** Keys without the name of the store are those of one store. */
export function checkConfig(decoded: {
  readonly advanced: { readonly should_use_composite_key: boolean };
}): void {
  const { stores } = decoded as { readonly stores?: readonly unknown[] };
  if (decoded.advanced.should_use_composite_key || (stores ?? []).length < 2) return;
  throw errors.CONFIG_INVALID({
    message:
      'The configuration has several stores, and /advanced/should_use_composite_key is off: keys of collections have to hold the name of the store. Switch it on, discover, and backfill all bindings.',
  });
}
