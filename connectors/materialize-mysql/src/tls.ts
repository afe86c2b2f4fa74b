// How the connection is encrypted: /advanced/sslmode with the meanings of the server's own clients.

import { isIP } from 'node:net';
import { createPrivateKey, X509Certificate } from 'node:crypto';
import type { SslOptions } from 'mysql2';
import type { Secret } from '@weir/schema/config';
import { splitAddress } from './address.ts';
import type { EndpointConfig } from './endpoint-schema.ts';
import { errors } from './errors.ts';

export interface TlsPlan {
  /** Undefined: not encrypted. */
  readonly ssl: SslOptions | undefined;
  /** The server may turn encryption down. */
  readonly mayFallBack: boolean;
}

export function tlsPlan(config: EndpointConfig): TlsPlan {
  const { sslmode, ssl_server_ca, ssl_client_cert, ssl_client_key } = config.advanced;
  const mode = sslmode ?? 'preferred';
  if (mode === 'disabled') return { ssl: undefined, mayFallBack: false };
  const [ca, cert, key] = [ssl_server_ca, ssl_client_cert, ssl_client_key].map(pem);
  const isVerified = mode === 'verify_ca' || mode === 'verify_identity';
  if (mode === 'verify_identity') requireName(config.address);
  return {
    ssl: {
      rejectUnauthorized: isVerified,
      verifyIdentity: mode === 'verify_identity',
      ...(ca === undefined ? {} : { ca }),
      ...(cert === undefined ? {} : { cert }),
      ...(key === undefined ? {} : { key }),
    },
    mayFallBack: mode === 'preferred',
  };
}

/** The client library compares no numbers with a certificate: it would take one for localhost. Throws MYSQL_TLS_FAILED. */
function requireName(address: string): void {
  const { host } = splitAddress(address);
  if (isIP(host) === 0) return;
  throw errors.MYSQL_TLS_FAILED({
    message: `/advanced/sslmode is verify_identity, and ${host} is no name that a certificate could be compared with`,
    fix: 'Set /address to the name of the server that its certificate has, or /advanced/sslmode to verify_ca.',
  });
}

/** The text of a field; undefined when a form left it empty. */
function pem(secret: Secret | undefined): string | undefined {
  const text = secret?.reveal() ?? '';
  return text.trim() === '' ? undefined : text;
}

/** Certificates that would silently have no effect, or cannot be used, are refused. Throws MYSQL_CONFIG_INVALID. */
export function checkTls({ advanced }: EndpointConfig): void {
  const { sslmode } = advanced;
  const [ca, cert, key] = [advanced.ssl_server_ca, advanced.ssl_client_cert, advanced.ssl_client_key].map(
    pem,
  );
  const isVerified = sslmode === 'verify_ca' || sslmode === 'verify_identity';
  if (isVerified && ca === undefined) {
    throw errors.MYSQL_CONFIG_INVALID({
      message: `/advanced/sslmode is ${sslmode}, and /advanced/ssl_server_ca is not given`,
      fix: 'Give the certificate of the authority that signed that of the server, as PEM.',
    });
  }
  if (ca !== undefined && !isVerified) {
    throw errors.MYSQL_CONFIG_INVALID({
      message: `/advanced/ssl_server_ca is given, but with the SSL mode ${sslmode ?? 'preferred'} the certificate of the server is not checked`,
      fix: 'Set /advanced/sslmode to verify_identity, or to verify_ca if the server is reached by another name.',
    });
  }
  if ((cert === undefined) !== (key === undefined)) {
    const [given, missing] = cert === undefined ? ['key', 'cert'] : ['cert', 'key'];
    throw errors.MYSQL_CONFIG_INVALID({
      message: `/advanced/ssl_client_${given} is given without /advanced/ssl_client_${missing}`,
      fix: 'Give both the certificate and its key, or neither.',
    });
  }
  if (cert !== undefined && sslmode === 'disabled') {
    throw errors.MYSQL_CONFIG_INVALID({
      message: '/advanced/ssl_client_cert is given, but /advanced/sslmode is disabled',
      fix: 'Set /advanced/sslmode to required, or take the certificate out.',
    });
  }
  if (ca !== undefined) readCertificate(ca, 'ssl_server_ca');
  if (cert !== undefined && key !== undefined) checkPair(readCertificate(cert, 'ssl_client_cert'), key);
}

function checkPair(certificate: X509Certificate, key: string): void {
  let fits: boolean;
  try {
    fits = certificate.checkPrivateKey(createPrivateKey(key));
  } catch {
    throw errors.MYSQL_CONFIG_INVALID({
      message: '/advanced/ssl_client_key is no private key in PEM, or is protected by a passphrase',
      fix: 'Paste the key as PEM; openssl pkey -in <file> takes a passphrase away.',
    });
  }
  if (!fits) {
    throw errors.MYSQL_CONFIG_INVALID({
      message: '/advanced/ssl_client_key is not the key of /advanced/ssl_client_cert',
      fix: 'Give the key that the certificate was made for.',
    });
  }
}

/** The first one of the text. */
function readCertificate(text: string, field: string): X509Certificate {
  try {
    return new X509Certificate(text);
  } catch {
    throw errors.MYSQL_CONFIG_INVALID({
      message: `/advanced/${field} is no certificate in PEM`,
      fix: 'Paste it from its BEGIN CERTIFICATE line to its END CERTIFICATE line.',
    });
  }
}
