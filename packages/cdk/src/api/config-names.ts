// Stands for a configuration that is not known while a plan is made.

/**
 * Each field prints as its own name in braces, one of a section with that of the section: `{advanced.size}`. `read` is told of
 * every field that is read, since what only decides something is not printed.
 */
export function configNames(read: (name: string) => void, within = ''): object {
  const printed = (): string => `{${within}}`;
  return new Proxy(
    {},
    {
      get: (_target, name) => {
        if (typeof name === 'symbol') return name === Symbol.toPrimitive ? printed : undefined;
        if (name === 'toString' || name === 'toJSON') return printed;
        const field = within === '' ? name : `${within}.${name}`;
        read(field);
        return configNames(read, field);
      },
    },
  );
}

/** Of the fields that were read, those that a text does not show, nor what is within them. */
export function unseenNames(names: ReadonlySet<string>, text: string): string[] {
  return [...names].filter(
    (name) => !text.includes(`{${name}}`) && ![...names].some((other) => other.startsWith(`${name}.`)),
  );
}
