export * from './json/index.ts';
export * from './validate/index.ts';
export { catalogue, errors } from './errors.ts';
export * from './config/index.ts';
export * from './reduce/index.ts';
export * from './selection/index.ts';
export * from './redact/index.ts';
export * from './shape/index.ts';
export * from './projection/index.ts';
