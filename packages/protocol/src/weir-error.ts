// The one error family of the house. A user meets an error as `CODE: what happened. What to do.`, so every error is
// made from a catalogue entry that documents its code; `docs/errors.md` is generated from the catalogues.

/** now: try again at once; backoff: try again later by itself; never: a person has to change something first. */
export type RetryPolicy = 'now' | 'backoff' | 'never';

export interface ErrorDefinition {
  /** One sentence for the documentation: when this error is raised. */
  readonly summary: string;
  /** One sentence for the documentation, and the default advice: what to do. */
  readonly fix: string;
  readonly retry: RetryPolicy;
}

export interface ErrorDetail {
  /** What happened, as one sentence that names the thing it happened to. Never a secret. */
  readonly message: string;
  /** What to do in this case, for instance the exact SQL; the catalogue's advice when absent. */
  readonly fix?: string;
  readonly cause?: unknown;
  /** The failures that this error lists, for those who want them one by one. */
  readonly failures?: readonly Failure[];
}

/** One of the failures of an error that lists several; its message and its advice stand in the message of that error. */
export interface Failure {
  /** Empty when it has none. */
  readonly code: string;
  readonly message: string;
  readonly fix: string;
}

export class WeirError extends Error {
  readonly code: string;
  readonly fix: string;
  readonly retry: RetryPolicy;
  /** Empty when this error is the only one. */
  readonly failures: readonly Failure[];

  constructor(code: string, definition: ErrorDefinition, detail: ErrorDetail) {
    super(detail.message, detail.cause === undefined ? undefined : { cause: detail.cause });
    this.name = 'WeirError';
    this.code = code;
    this.fix = detail.fix ?? definition.fix;
    this.retry = definition.retry;
    this.failures = detail.failures ?? [];
  }

  /** The one line (or few) that a person reads. */
  explain(): string {
    return this.fix === '' ? `${this.code}: ${this.message}` : `${this.code}: ${this.message}\n${this.fix}`;
  }
}

export type ErrorCatalogue = Readonly<Record<string, ErrorDefinition>>;

/** Turns a catalogue into one constructor per code: `throw errors.SCHEMA_INVALID({ message: '…' })`. */
export function defineErrors<const C extends ErrorCatalogue>(
  catalogue: C,
): { readonly [Code in keyof C]: (detail: ErrorDetail) => WeirError } {
  const constructors: Record<string, (detail: ErrorDetail) => WeirError> = {};
  for (const [code, definition] of Object.entries(catalogue)) {
    constructors[code] = (detail) => new WeirError(code, definition, detail);
  }
  return constructors as { readonly [Code in keyof C]: (detail: ErrorDetail) => WeirError };
}
