// Feature flags of a connector: the text at /advanced/feature_flags, a comma-separated list where `name` turns a flag
// on and `no_name` turns it off.

/**
 * The flags in force. Later entries win; blanks are ignored; flags without a default are kept, so that a flag of
 * another version of the connector does no harm.
 */
export function parseFeatureFlags<D extends Readonly<Record<string, boolean>>>(
  text: string | undefined,
  defaults: D,
): { readonly [K in keyof D]: boolean } & Readonly<Record<string, boolean>> {
  const flags: Record<string, boolean> = { ...defaults };
  for (const entry of (text ?? '').split(',')) {
    const name = entry.trim();
    if (name === '') continue;
    if (name.startsWith('no_')) flags[name.slice(3)] = false;
    else flags[name] = true;
  }
  return flags as { readonly [K in keyof D]: boolean } & Readonly<Record<string, boolean>>;
}
