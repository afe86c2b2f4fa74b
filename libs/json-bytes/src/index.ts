export { compactJson } from './compact-json.ts';
export { JsonBuffer } from './json-buffer.ts';
