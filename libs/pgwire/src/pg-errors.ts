// The two ways in which talking to a server fails. `PgServerError` is what the server said (an ErrorResponse, with
// its SQLSTATE); `PgConnectionError` is everything that happens without the server's say: refused, timed out, closed.

export type PgConnectionErrorKind =
  | 'refused'
  | 'unreachable'
  | 'dns'
  | 'timeout'
  | 'tls'
  | 'auth'
  | 'closed'
  | 'aborted'
  | 'protocol';

export class PgConnectionError extends Error {
  readonly kind: PgConnectionErrorKind;

  constructor(kind: PgConnectionErrorKind, message: string, cause?: unknown) {
    super(message, cause === undefined ? undefined : { cause });
    this.name = 'PgConnectionError';
    this.kind = kind;
  }
}

/** The fields of an ErrorResponse or NoticeResponse (PostgreSQL manual: "Error and Notice Message Fields"). */
export interface PgServerMessage {
  /** Never localised where the server is 9.6 or later: ERROR, FATAL, PANIC, WARNING, NOTICE, DEBUG, INFO, LOG. */
  readonly severity: string;
  readonly sqlstate: string;
  readonly message: string;
  readonly detail?: string;
  readonly hint?: string;
  /** One-based, in characters of the query. */
  readonly position?: number;
  readonly where?: string;
  readonly schema?: string;
  readonly table?: string;
  readonly column?: string;
  readonly constraint?: string;
  readonly routine?: string;
}

export class PgServerError extends Error {
  readonly severity: string;
  readonly sqlstate: string;
  readonly detail: string | undefined;
  readonly hint: string | undefined;
  readonly position: number | undefined;
  readonly fields: PgServerMessage;

  constructor(fields: PgServerMessage) {
    super(fields.message);
    this.name = 'PgServerError';
    this.fields = fields;
    this.severity = fields.severity;
    this.sqlstate = fields.sqlstate;
    this.detail = fields.detail;
    this.hint = fields.hint;
    this.position = fields.position;
  }
}

/** What went wrong in TLS; of OpenSSL's long lines the few words that say it: `tlsv1 alert unknown ca`. */
export function tlsReason(error: Error): string {
  const isOpenSsl = 'code' in error && /^ERR_(SSL|OSSL)_/.test(String(error.code));
  return isOpenSsl && 'reason' in error ? String(error.reason) : error.message;
}
