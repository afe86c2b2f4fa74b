// The server's errors, and those of the connection to it, as ours.

import { type ErrorDetail, WeirError } from '@weir/protocol';
import { errors } from './errors.ts';

type Make = (detail: ErrorDetail) => WeirError;

const byNumber: Readonly<Record<number, Make>> = {
  1040: errors.MYSQL_TOO_MANY_CONNECTIONS,
  1044: errors.MYSQL_DATABASE_NOT_FOUND,
  1049: errors.MYSQL_DATABASE_NOT_FOUND,
  1045: errors.MYSQL_AUTH_FAILED,
  1698: errors.MYSQL_AUTH_FAILED,
  1205: errors.MYSQL_LOCKED,
  1213: errors.MYSQL_LOCKED,
  3572: errors.MYSQL_LOCKED,
  1290: errors.MYSQL_READ_ONLY,
  1792: errors.MYSQL_READ_ONLY,
  1836: errors.MYSQL_READ_ONLY,
  1021: errors.MYSQL_DISK_FULL,
  1114: errors.MYSQL_DISK_FULL,
  1142: errors.MYSQL_DENIED,
  1143: errors.MYSQL_DENIED,
  1227: errors.MYSQL_DENIED,
  1062: errors.MYSQL_UNIQUE_INDEX,
  1146: errors.MYSQL_TABLE_MISSING,
  1054: errors.MYSQL_COLUMN_MISSING,
  3105: errors.MYSQL_COLUMN_GENERATED,
  1906: errors.MYSQL_COLUMN_GENERATED,
  1148: errors.MYSQL_LOCAL_INFILE,
  3948: errors.MYSQL_LOCAL_INFILE,
  4166: errors.MYSQL_LOCAL_INFILE,
  1153: errors.MYSQL_PACKET_TOO_LARGE,
  1301: errors.MYSQL_PACKET_TOO_LARGE,
  1071: errors.MYSQL_KEY_TOO_LONG,
  1048: errors.MYSQL_VALUE_REFUSED,
  1263: errors.MYSQL_VALUE_REFUSED,
  1264: errors.MYSQL_VALUE_REFUSED,
  1265: errors.MYSQL_VALUE_REFUSED,
  1292: errors.MYSQL_VALUE_REFUSED,
  1364: errors.MYSQL_VALUE_REFUSED,
  1366: errors.MYSQL_VALUE_REFUSED,
  1406: errors.MYSQL_VALUE_REFUSED,
  3140: errors.MYSQL_VALUE_REFUSED,
  3150: errors.MYSQL_VALUE_REFUSED,
  3151: errors.MYSQL_VALUE_REFUSED,
  3157: errors.MYSQL_VALUE_REFUSED,
  3819: errors.MYSQL_VALUE_REFUSED,
  4025: errors.MYSQL_VALUE_REFUSED,
  1053: errors.MYSQL_CONNECTION_LOST,
  1152: errors.MYSQL_CONNECTION_LOST,
  1158: errors.MYSQL_CONNECTION_LOST,
  1159: errors.MYSQL_CONNECTION_LOST,
  1160: errors.MYSQL_CONNECTION_LOST,
  1161: errors.MYSQL_CONNECTION_LOST,
  1927: errors.MYSQL_CONNECTION_LOST,
  4031: errors.MYSQL_CONNECTION_LOST,
};

export interface ServerError extends Error {
  readonly errno?: number;
  readonly code?: string;
  /** Of mysql2: no statement can follow on this connection. */
  readonly fatal?: boolean;
}

/** What an error of this number is to us; undefined when nothing more is known of it. */
export function errorOf(number: number | undefined): Make | undefined {
  return byNumber[number ?? 0];
}

/** The connection is gone, rather than a statement refused. */
export function isConnectionLoss(cause: unknown): boolean {
  if (!(cause instanceof Error)) return false;
  const { code = '', errno, message } = cause as ServerError;
  if (/^(PROTOCOL_CONNECTION_LOST|ECONNRESET|EPIPE|ETIMEDOUT|ECONNREFUSED|ERR_STREAM)/.test(code))
    return true;
  if (/closed state|connection is in closed|Connection lost/i.test(message)) return true;
  return errorOf(errno) === errors.MYSQL_CONNECTION_LOST;
}

/** An error of the session, after it was opened. `doing` says what for, as in `storing into orders`. */
export function explain(cause: unknown, doing: string): unknown {
  if (cause instanceof WeirError || !(cause instanceof Error)) return cause;
  const { errno } = cause as ServerError;
  // Numbers below zero are the system's, and its words are in the message.
  const number = errno === undefined || errno < 0 ? '' : ` (error ${errno})`;
  const detail = { message: `${doing}: ${cause.message}${number}`, cause };
  if (isConnectionLoss(cause)) return errors.MYSQL_CONNECTION_LOST(detail);
  if ((cause as ServerError).errno === undefined && (cause as ServerError).code === undefined) return cause;
  return (errorOf(errno) ?? errors.MYSQL_FAILED)(detail);
}

/** What went wrong when connecting. */
export function explainConnect(cause: unknown, address: string): unknown {
  if (cause instanceof WeirError || !(cause instanceof Error)) return cause;
  const { errno, code = '', message } = cause as ServerError;
  const detail = { message: `${address}: ${message}`, cause };
  const known = errorOf(errno);
  if (known === errors.MYSQL_AUTH_FAILED) return known({ ...detail, ...adviceOf(message) });
  if (known !== undefined && known !== errors.MYSQL_CONNECTION_LOST) return known(detail);
  // The client library calls whatever goes wrong during the TLS handshake an error of TLS, also a server that goes down.
  if (/\b(?:ECONNRESET|EPIPE|ETIMEDOUT)\b/.test(message)) return errors.MYSQL_UNREACHABLE(detail);
  if (
    /SSL|TLS|CERT|^ERR_TLS|SELF_SIGNED|UNABLE_TO_VERIFY/.test(code) ||
    /SSL|TLS|certificate/i.test(message)
  ) {
    return errors.MYSQL_TLS_FAILED(detail);
  }
  return errors.MYSQL_UNREACHABLE(detail);
}

/** Of accounts that fit, the server takes the one whose host is the most exact, though its name may be empty. */
function adviceOf(message: string): Pick<ErrorDetail, 'fix'> {
  const [, user = '', host = ''] = /for user '(.*)'@'([^']*)'/.exec(message) ?? [];
  if (user === '' || host === '') return {};
  return {
    fix: `Check /user and /password. An account without a name for this host, which a fresh MariaDB has for localhost, goes before '${user}'@'%': DROP USER ''@'${host}'; as an administrator, or make an account '${user}'@'${host}' with the same password and rights.`,
  };
}
