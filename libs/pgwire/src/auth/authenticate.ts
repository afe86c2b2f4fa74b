// The start-up phase: from an open socket to the first ReadyForQuery (PostgreSQL manual: "Start-up").

import { createHash, randomBytes } from 'node:crypto';
import type { TLSSocket } from 'node:tls';
import type { ConnectOptions } from '../connect-options.ts';
import { PgConnectionError, PgServerError } from '../pg-errors.ts';
import type { Session } from '../session.ts';
import { backend, type BodyReader, parseServerMessage } from '../wire/backend-messages.ts';
import {
  passwordMessage,
  saslInitialResponse,
  saslResponse,
  startupMessage,
} from '../wire/frontend-messages.ts';
import { md5Password } from './md5.ts';
import {
  clientFinal,
  clientFirst,
  verifyServerFinal,
  type ChannelBinding,
  type ClientFinal,
} from './scram.ts';

const request = { ok: 0, cleartext: 3, md5: 5, sasl: 10, saslContinue: 11, saslFinal: 12 } as const;

const methodNames: Readonly<Record<number, string>> = {
  2: 'Kerberos V5',
  6: 'SCM credentials',
  7: 'GSSAPI',
  8: 'GSSAPI',
  9: 'SSPI',
};

/** Returns the key to cancel queries with. Throws `PgServerError` when the server refuses, `PgConnectionError` otherwise. */
export async function authenticate(
  session: Session,
  options: ConnectOptions,
  tls: TLSSocket | undefined,
): Promise<{ processId: number; secretKey: Buffer }> {
  session.write(
    startupMessage({
      user: options.user,
      ...(options.database === undefined ? {} : { database: options.database }),
      ...(options.replication === undefined ? {} : { replication: options.replication }),
      ...(options.applicationName === undefined ? {} : { application_name: options.applicationName }),
      client_encoding: 'UTF8',
      ...options.settings,
    }),
  );
  let scram: { first: ReturnType<typeof clientFirst>; final?: ClientFinal; verified: boolean } | undefined;
  let processId = 0;
  let secretKey: Buffer = Buffer.alloc(0);
  for (;;) {
    const type = await session.receive();
    const body = session.body();
    switch (type) {
      case backend.errorResponse:
        throw new PgServerError(parseServerMessage(body));
      case backend.backendKeyData:
        processId = body.int32();
        secretKey = body.rest();
        break;
      case backend.readyForQuery:
        session.transactionStatus = body.byte();
        return { processId, secretKey };
      case backend.negotiateProtocolVersion:
        break;
      case backend.authentication: {
        const method = body.int32();
        if (method === request.ok) {
          if (scram !== undefined && !scram.verified) {
            throw new PgConnectionError('auth', 'the server ended the SCRAM exchange without its proof');
          }
        } else if (method === request.cleartext) {
          session.write(passwordMessage(await password(options)));
        } else if (method === request.md5) {
          const salt = body.rest();
          session.write(passwordMessage(md5Password(options.user, await password(options), salt)));
        } else if (method === request.sasl) {
          const { mechanism, binding } = chooseMechanism(mechanisms(body), tls);
          const first = clientFirst(binding, randomBytes(18).toString('base64'));
          scram = { first, verified: false };
          session.write(saslInitialResponse(mechanism, first.message));
        } else if (method === request.saslContinue && scram !== undefined) {
          const challenge = body.rest().toString('utf8');
          scram.final = await clientFinal(scram.first, challenge, await password(options));
          session.write(saslResponse(scram.final.message));
        } else if (method === request.saslFinal && scram?.final !== undefined) {
          verifyServerFinal(scram.final, body.rest().toString('utf8'));
          scram.verified = true;
        } else {
          const name = methodNames[method] ?? `method ${method}`;
          throw new PgConnectionError(
            'auth',
            `the server asks for ${name} authentication, which is not supported`,
          );
        }
        break;
      }
      default:
        throw new PgConnectionError(
          'protocol',
          `unexpected message ${String.fromCharCode(type)} during start-up`,
        );
    }
  }
}

async function password(options: ConnectOptions): Promise<string> {
  const { password } = options;
  const value = typeof password === 'function' ? await password() : password;
  if (value === undefined)
    throw new PgConnectionError('auth', 'the server asks for a password and none is given');
  return value;
}

function mechanisms(body: BodyReader): string[] {
  const names: string[] = [];
  for (let name = body.cstring(); name !== ''; name = body.cstring()) names.push(name);
  return names;
}

function chooseMechanism(
  offered: readonly string[],
  tls: TLSSocket | undefined,
): { mechanism: string; binding: ChannelBinding } {
  const hash = tls === undefined ? undefined : endPointHash(tls);
  if (hash !== undefined && offered.includes('SCRAM-SHA-256-PLUS')) {
    return { mechanism: 'SCRAM-SHA-256-PLUS', binding: { kind: 'bound', data: hash } };
  }
  if (!offered.includes('SCRAM-SHA-256')) {
    throw new PgConnectionError('auth', `the server offers only ${offered.join(', ')} authentication`);
  }
  return {
    mechanism: 'SCRAM-SHA-256',
    binding: { kind: hash === undefined ? 'unsupported' : 'not-offered' },
  };
}

/** tls-server-end-point (RFC 5929 §4.1): the certificate under its own signature hash, SHA-256 in place of MD5 and SHA-1. */
function endPointHash(tls: TLSSocket): Buffer | undefined {
  const certificate = tls.getPeerX509Certificate();
  const algorithm = /sha-?(1|224|256|384|512)(?!\d)/i.exec(certificate?.signatureAlgorithm ?? '')?.[1];
  if (certificate === undefined || algorithm === undefined) return undefined;
  return createHash(algorithm === '1' ? 'sha256' : `sha${algorithm}`)
    .update(certificate.raw)
    .digest();
}
