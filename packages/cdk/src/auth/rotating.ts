// A refresh token that may be used once and comes with its successor. The order is the guarantee: the pair is exchanged
// once, for all who wait; its successor is kept; only then is the new access token used. A crash before it is kept leaves
// the old pair, which a provider takes again if it has not seen the new one in use.
//
// Until an access token is about to expire the one in the configuration is used, whoever asks: looks at a configuration
// (Validate, Discover) never spend the refresh token, since what they got could not be kept.

import { unlessAborted } from '@weir/connector';
import { errors } from '../errors.ts';
import type { Credentials, Secrets } from '../http/credentials.ts';
import { type AuthContext, type CredentialValues, revealed } from './auth-kind.ts';
import { bearerSecrets, oauthToken, refreshTokenOf, type TokenEndpoint, tokenRequest } from './token.ts';

/**
 * An access token is renewed so long before its end, or in the last quarter of what the session found left of its life if that
 * is shorter: a session that began late with a short-lived token still has some use of it.
 */
const RENEWED_BEFORE_MS = 5 * 60_000;

interface Pair {
  readonly secrets: Secrets;
  readonly refreshToken: string;
  readonly dueMs: number;
  readonly endsMs: number;
}

export class RotatingCredentials implements Credentials {
  readonly #endpoint: TokenEndpoint;
  readonly #values: CredentialValues;
  readonly #context: AuthContext;
  #pair: Pair;
  #renewing: Promise<void> | undefined;

  constructor(endpoint: TokenEndpoint, values: CredentialValues, context: AuthContext) {
    this.#endpoint = endpoint;
    this.#values = values;
    this.#context = context;
    this.#pair = this.#pairOf(
      revealed(values, 'access_token'),
      revealed(values, 'refresh_token'),
      Date.parse(revealed(values, 'access_token_expires_at')),
    );
  }

  get isUsable(): boolean {
    return this.#context.keeper.canKeep || this.#context.clock.now() < this.#pair.endsMs;
  }

  async current(signal: AbortSignal): Promise<Secrets> {
    const { clock, keeper } = this.#context;
    const limit = keeper.canKeep ? 'dueMs' : 'endsMs';
    while (this.#pair[limit] <= clock.now()) await this.#renewed(signal);
    return this.#pair.secrets;
  }

  async refresh(refused: Secrets, signal: AbortSignal): Promise<boolean> {
    if (!this.#context.keeper.canKeep) return false;
    if (this.#pair.secrets === refused) await this.#renewed(signal);
    return true;
  }

  async #renewed(signal: AbortSignal): Promise<void> {
    await unlessAborted(this.#renew(), signal);
    signal.throwIfAborted();
  }

  /** One exchange for all who wait: providers revoke both of two pairs that come of the same token. */
  #renew(): Promise<void> {
    this.#renewing ??= this.#exchange().finally(() => {
      this.#renewing = undefined;
    });
    return this.#renewing;
  }

  async #exchange(): Promise<void> {
    // Not to be cut off: what the provider has answered by then would be lost.
    const { signal } = new AbortController();
    const { ask, keeper, clock } = this.#context;
    // Throws where nothing can be kept, before the token is spent.
    if (!keeper.canKeep) return await keeper.keep({}, signal);
    const grant = { grant_type: 'refresh_token', refresh_token: this.#pair.refreshToken };
    // An answer that was lost is asked for again: if the provider has spent the token, nothing is lost by it.
    const answer = await ask(tokenRequest(this.#endpoint, this.#values, grant), signal);
    const { value, livesMs } = oauthToken(answer);
    if (livesMs === undefined) {
      throw errors.CDK_HTTP_UNAUTHORIZED({ message: 'The answer of the token endpoint has no expires_in.' });
    }
    const refreshToken = refreshTokenOf(answer) ?? this.#pair.refreshToken;
    const endsMs = clock.now() + livesMs;
    await keeper.keep(
      {
        access_token: value,
        refresh_token: refreshToken,
        access_token_expires_at: new Date(endsMs).toISOString(),
      },
      signal,
    );
    this.#pair = this.#pairOf(value, refreshToken, endsMs);
  }

  #pairOf(accessToken: string, refreshToken: string, endsMs: number): Pair {
    const left = endsMs - this.#context.clock.now();
    const before = Math.min(RENEWED_BEFORE_MS, Math.max(left / 4, 0));
    return { secrets: bearerSecrets(accessToken), refreshToken, dueMs: endsMs - before, endsMs };
  }
}
