// What proves to an API who asks.

import { errors } from '../errors.ts';

export interface Secrets {
  readonly headers: Readonly<Record<string, string>>;
  readonly query: Readonly<Record<string, string>>;
}

export interface Credentials {
  /** false: they have expired, and cannot be renewed here; whoever only looks does without asking the API. */
  readonly isUsable?: boolean;
  /** Those to send now; fetched first where a token has to be. */
  current(signal: AbortSignal): Promise<Secrets>;
  /** After `refused` were not accepted: false when there is nothing newer to try. */
  refresh(refused: Secrets, signal: AbortSignal): Promise<boolean>;
  /** Told of what the API has answered a request with. */
  accepted?(secrets: Secrets): void;
  /** Resolves when nothing that must not be lost is under way. Never rejects. */
  settled?(): Promise<void>;
}

/** What the value of a header may hold (RFC 9110, 5.5). */
const HEADER_VALUE = /^[\t\x20-\x7e\x80-\xff]*$/;

/** Throws CDK_CREDENTIALS_INVALID where a key or a token was pasted with what no header can hold, such as a line break. */
export function assertSendable({ headers }: Secrets): void {
  for (const [name, value] of Object.entries(headers)) {
    if (HEADER_VALUE.test(value)) continue;
    throw errors.CDK_CREDENTIALS_INVALID({
      message: `What the configuration has for the header ${name} has a line break in it, or another character that no header can hold.`,
    });
  }
}

export function fixedCredentials(headers: Secrets['headers'], query: Secrets['query'] = {}): Credentials {
  return { current: async () => ({ headers, query }), refresh: async () => false };
}
