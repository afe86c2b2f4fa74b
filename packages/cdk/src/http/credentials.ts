// What proves to an API who asks.

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

export function fixedCredentials(headers: Secrets['headers'], query: Secrets['query'] = {}): Credentials {
  return { current: async () => ({ headers, query }), refresh: async () => false };
}
