// ajv is loaded when the first schema is compiled: its hundred modules cost a connector, which compiles none, a tenth of
// a second of CPU time at every start.

import { createRequire } from 'node:module';
import type * as ajv from 'ajv/dist/2020.js';

const require = createRequire(import.meta.url);

export function ajv2020(): typeof ajv.Ajv2020 {
  return (require('ajv/dist/2020.js') as typeof ajv).Ajv2020;
}
