// A refresh token that may be used once and comes with its successor. The order is the guarantee: the pair is exchanged
// once, for all who wait; its successor is kept; only then is the new access token used. A crash before it is kept leaves
// the old pair, which a provider takes again if it has not seen the new one in use. What was exchanged and could not be kept
// is held: a spent token is never exchanged again, since many providers then revoke all that came of it.
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
/** So long after a session began to use it, or for the first quarter of its life, a token is fresh. */
const FRESH_FOR_MS = 5 * 60_000;
/** Dates end some time. */
const LONGEST_LIFE_MS = 10 * 365 * 86_400_000;

/** What came for a refresh token, as it is written into the configuration. */
interface Renewal {
  readonly accessToken: string;
  readonly refreshToken: string;
  readonly endsMs: number;
}

interface Pair {
  readonly secrets: Secrets;
  readonly refreshToken: string;
  readonly freshUntilMs: number;
  readonly dueMs: number;
  readonly endsMs: number;
}

export class RotatingCredentials implements Credentials {
  readonly #endpoint: TokenEndpoint;
  readonly #values: CredentialValues;
  readonly #context: AuthContext;
  #pair: Pair;
  /** The API has answered a request with the access token of `#pair`. */
  #isAccepted = false;
  #renewing: Promise<void> | undefined;
  /** For the refresh token of `#pair`, which is spent; not kept yet, or left to the next session. */
  #unkept: Renewal | undefined;
  /** The refresh token of `#pair` is spent, and nothing usable came for it. */
  #nothingCame: { readonly reason: unknown } | undefined;

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
    if (this.#pair.secrets === refused) {
      if (this.#isAcceptedElsewhere) return false;
      await this.#renewed(signal);
    }
    return true;
  }

  accepted(secrets: Secrets): void {
    if (secrets === this.#pair.secrets) this.#isAccepted = true;
  }

  async settled(): Promise<void> {
    if (this.#renewing === undefined && this.#unkept === undefined) return;
    await this.#renew().catch(() => undefined);
  }

  /** Another token would be refused where this one was, and so would the one after it, each at the cost of a refresh token. */
  get #isAcceptedElsewhere(): boolean {
    const isRenewed = this.#renewing !== undefined || this.#unkept !== undefined;
    return !isRenewed && this.#isAccepted && this.#context.clock.now() < this.#pair.freshUntilMs;
  }

  async #renewed(signal: AbortSignal): Promise<void> {
    await unlessAborted(this.#renew(), signal);
    signal.throwIfAborted();
  }

  /** One exchange for all who wait: providers revoke both of two pairs that come of the same token. */
  #renew(): Promise<void> {
    this.#renewing ??= this.#exchangeAndKeep().finally(() => {
      this.#renewing = undefined;
    });
    return this.#renewing;
  }

  async #exchangeAndKeep(): Promise<void> {
    // Not to be cut off: what the provider has answered by then would be lost.
    const { signal } = new AbortController();
    const { keeper } = this.#context;
    // Throws where nothing can be kept, before the token is spent.
    if (!keeper.canKeep) return await keeper.keep({}, signal);
    if (this.#nothingCame !== undefined) throw this.#nothingCame.reason;
    this.#unkept ??= await this.#exchange(signal);
    const { accessToken, refreshToken, endsMs } = this.#unkept;
    await keeper.keep(
      {
        access_token: accessToken,
        refresh_token: refreshToken,
        access_token_expires_at: new Date(endsMs).toISOString(),
      },
      signal,
    );
    this.#pair = this.#pairOf(accessToken, refreshToken, endsMs);
    this.#isAccepted = false;
    this.#unkept = undefined;
  }

  async #exchange(signal: AbortSignal): Promise<Renewal> {
    const spent = this.#pair.refreshToken;
    const grant = { grant_type: 'refresh_token', refresh_token: spent };
    // An answer that was lost is asked for again: if the provider has spent the token, nothing is lost by it.
    const answer = await this.#context.ask(tokenRequest(this.#endpoint, this.#values, grant), signal);
    try {
      const { value, livesMs = 0 } = oauthToken(answer);
      if (livesMs <= 0) {
        throw errors.CDK_HTTP_UNAUTHORIZED({
          message: 'The answer of the token endpoint has no expires_in above 0.',
        });
      }
      return {
        accessToken: value,
        refreshToken: refreshTokenOf(answer) ?? spent,
        endsMs: this.#context.clock.now() + Math.min(livesMs, LONGEST_LIFE_MS),
      };
    } catch (reason) {
      this.#nothingCame = { reason };
      throw reason;
    }
  }

  #pairOf(accessToken: string, refreshToken: string, endsMs: number): Pair {
    const now = this.#context.clock.now();
    const quarter = Math.max((endsMs - now) / 4, 0);
    return {
      secrets: bearerSecrets(accessToken),
      refreshToken,
      freshUntilMs: now + Math.min(FRESH_FOR_MS, quarter),
      dueMs: endsMs - Math.min(RENEWED_BEFORE_MS, quarter),
      endsMs,
    };
  }
}
