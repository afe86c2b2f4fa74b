export { compactJson } from './compact-json.ts';
export { JsonBuffer } from './json-buffer.ts';
export { Literal } from './literal.ts';
export { controlMask, escapeMask, firstInMask } from './word.ts';
