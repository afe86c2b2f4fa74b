// A fake PostgreSQL that asks for the password in clear, as that of Amazon does, remembers it, and refuses it: a password
// that is made of the time of day can be that of no real role.

import { once } from 'node:events';
import { type AddressInfo, createServer } from 'node:net';

export interface ClearTextServer extends AsyncDisposable {
  readonly port: number;
  /** What it was given, a connection each. */
  readonly passwords: readonly string[];
}

export async function startClearTextServer(): Promise<ClearTextServer> {
  const passwords: string[] = [];
  const server = createServer((socket) => {
    socket.on('error', () => undefined);
    socket.once('data', () => {
      // AuthenticationCleartextPassword.
      socket.write(Buffer.from([0x52, 0, 0, 0, 8, 0, 0, 0, 3]));
      socket.once('data', (message: Buffer) => {
        passwords.push(message.subarray(5, -1).toString());
        const text = 'SFATAL\0VFATAL\0C28000\0MPAM authentication failed for user "cloud"\0\0';
        const header = Buffer.from([0x45, 0, 0, 0, 0]);
        header.writeInt32BE(text.length + 4, 1);
        socket.end(Buffer.concat([header, Buffer.from(text)]));
      });
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    port: (server.address() as AddressInfo).port,
    passwords,
    async [Symbol.asyncDispose]() {
      server.close();
      await once(server, 'close');
    },
  };
}

/** When a token of Amazon's was signed, in milliseconds since 1970. */
export function signedAt(token: string): number {
  const [, year, month, day, hours, minutes, seconds] =
    /X-Amz-Date=(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z/.exec(token)?.map(Number) ?? [];
  return Date.UTC(year ?? 0, (month ?? 1) - 1, day, hours, minutes, seconds);
}
