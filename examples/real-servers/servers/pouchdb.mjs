// PouchDB behind its HTTP server, which speaks CouchDB's API, in memory.

import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const require = createRequire(join(process.argv[2], 'index.js'));
process.chdir(tmpdir());
const PouchDB = ['adapter-memory', 'mapreduce', 'replication', 'find'].reduce(
  (made, plugin) => made.plugin(require(`pouchdb-${plugin}`)),
  require('pouchdb-core'),
);
const app = require('express')();
app.use(
  '/',
  require('express-pouchdb')(PouchDB, {
    mode: 'minimumForPouchDB',
    inMemoryConfig: true,
    logPath: '/dev/null',
  }),
);
const listening = app.listen(0, '127.0.0.1', () => {
  console.log(`http://127.0.0.1:${listening.address().port}`);
});
