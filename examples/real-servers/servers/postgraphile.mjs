// PostGraphile on the PostgreSQL whose URL it is given.

import { createServer } from 'node:http';
import { createRequire } from 'node:module';
import { join } from 'node:path';

const require = createRequire(join(process.argv[2], 'index.js'));
const { postgraphile } = require('postgraphile');
const handler = postgraphile(process.argv[3], 'public', {
  disableQueryLog: true,
  graphiql: false,
  legacyRelations: 'omit',
});
const server = createServer(handler).listen(0, '127.0.0.1', () => {
  console.log(`http://127.0.0.1:${server.address().port}`);
});
