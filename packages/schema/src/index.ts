export * from './json/index.ts';
export { catalogue, errors } from './errors.ts';
