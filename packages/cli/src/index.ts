export { catalogue, errors } from './errors.ts';
