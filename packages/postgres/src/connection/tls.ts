// How the connection is encrypted: /advanced/sslmode with libpq's meanings, and the certificates that go with it.

import type { ConnectOptions, SslMode } from '@weir/pgwire';
import type { Secret } from '@weir/schema/config';
import { createPrivateKey, X509Certificate } from 'node:crypto';
import { errors } from './errors.ts';

/** The fields of `/advanced` that are about encryption. */
export interface TlsSettings {
  readonly sslmode?: SslMode | undefined;
  readonly ssl_server_ca?: string | undefined;
  readonly ssl_client_cert?: string | undefined;
  readonly ssl_client_key?: Secret | undefined;
}

const checkingModes: readonly string[] = ['require', 'verify-ca', 'verify-full'];

/**
 * Tokens of cloud identities are sent as they are, so they need an encrypted connection; the server's certificate is
 * checked only where the mode says so.
 */
export function tlsOptions(
  settings: TlsSettings,
  hasPassword: boolean,
): Pick<ConnectOptions, 'sslmode' | 'ca' | 'cert' | 'key'> {
  const { sslmode, ssl_server_ca: ca, ssl_client_cert: cert, ssl_client_key: key } = settings;
  return {
    sslmode: sslmode ?? (hasPassword ? 'prefer' : 'require'),
    ...(isBlank(ca) ? {} : { ca }),
    ...(isBlank(cert) ? {} : { cert }),
    ...(isBlank(key?.reveal()) ? {} : { key: key?.reveal() ?? '' }),
  };
}

/** A field that a form left empty. */
function isBlank(text: string | undefined): text is undefined {
  return text === undefined || text.trim() === '';
}

/** Certificates that would silently have no effect, or cannot be used, are refused. Throws PG_CONFIG_INVALID. */
export function checkTls(settings: TlsSettings, hasPassword: boolean): void {
  const { sslmode, ca, cert, key } = tlsOptions(settings, hasPassword);
  if (ca !== undefined && !checkingModes.includes(sslmode ?? '')) {
    throw errors.PG_CONFIG_INVALID({
      message: `/advanced/ssl_server_ca is given, but with the SSL mode ${sslmode} no certificate of the server is checked`,
      fix: 'Set /advanced/sslmode to verify-full, or to verify-ca if the server is reached by another name.',
    });
  }
  if ((cert === undefined) !== (key === undefined)) {
    throw errors.PG_CONFIG_INVALID({
      message: `/advanced/${cert === undefined ? 'ssl_client_key' : 'ssl_client_cert'} is given without /advanced/${cert === undefined ? 'ssl_client_cert' : 'ssl_client_key'}`,
      fix: 'Give both the certificate and its key, or neither.',
    });
  }
  if (ca !== undefined) readCertificate(ca, 'ssl_server_ca');
  if (cert === undefined || key === undefined) return;
  const certificate = readCertificate(cert, 'ssl_client_cert');
  let fits: boolean;
  try {
    fits = certificate.checkPrivateKey(createPrivateKey(key));
  } catch {
    throw errors.PG_CONFIG_INVALID({
      message: '/advanced/ssl_client_key is no private key in PEM, or is protected by a passphrase',
      fix: 'Paste the key as PEM; openssl pkey -in <file> takes a passphrase away.',
    });
  }
  if (!fits) {
    throw errors.PG_CONFIG_INVALID({
      message: '/advanced/ssl_client_key is not the key of /advanced/ssl_client_cert',
      fix: 'Give the key that the certificate was made for.',
    });
  }
}

/** The first one of the text. */
function readCertificate(pem: string, field: string): X509Certificate {
  try {
    return new X509Certificate(pem);
  } catch {
    throw errors.PG_CONFIG_INVALID({
      message: `/advanced/${field} is no certificate in PEM`,
      fix: 'Paste it from its BEGIN CERTIFICATE line to its END CERTIFICATE line.',
    });
  }
}
