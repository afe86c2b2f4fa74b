import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { freePort } from '@weir/postgres-server';
import { debianMariadb, debianMysql, MysqlServer, templateData } from './index.ts';

/** What the server says first: its protocol's number and its version. */
function greeting(port: number): Promise<string | undefined> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1');
    socket.once('data', (data) => {
      socket.destroy();
      resolve(data.toString('latin1', 5, data.indexOf(0, 5)));
    });
    socket.once('error', () => resolve(undefined));
  });
}

for (const [name, program] of [
  ['MySQL', debianMysql()],
  ['MariaDB', debianMariadb()],
] as const) {
  test(
    `a server of ${name} is made once, survives kill -9 and stops when asked`,
    { skip: program === undefined ? `no ${name} on this machine` : false },
    async () => {
      assert.ok(program);
      const folder = mkdtempSync(join(tmpdir(), 'weir-mysql-'));
      const options = { program, dataDirectory: join(folder, 'data'), port: await freePort() };
      const server = new MysqlServer(options);
      try {
        assert.equal(server.initialize(), true);
        assert.equal(server.initialize(), false);
        assert.equal(templateData(program), templateData(program));
        await server.start();
        assert.ok((await greeting(server.port))?.includes(program.version));

        await server.kill();
        assert.equal(await greeting(server.port), undefined);
        await server.start();
        assert.notEqual(await greeting(server.port), undefined);

        // A second owner takes over from one that was killed without stopping its server.
        const successor = new MysqlServer(options);
        await successor.start();
        assert.notEqual(successor.pid, undefined);
        assert.notEqual(await greeting(server.port), undefined);
        await successor.stop();
        assert.equal(await greeting(server.port), undefined);
      } finally {
        await server.kill();
        rmSync(folder, { recursive: true, force: true });
      }
    },
  );
}
