// Random values of the types of PostgreSQL, as texts that the server reads. A seed repeats them.

export * from './containers.ts';
export * from './json.ts';
export * from './numbers.ts';
export * from './places.ts';
export type { RandomValue } from './random-value.ts';
export * from './texts.ts';
export * from './times.ts';
