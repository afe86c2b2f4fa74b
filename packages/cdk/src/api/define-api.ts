// A connector of an API as data.

import type { Decoded, Fields, TextInfo } from '@weir/schema/config';
import type { AuthKind } from '../auth/auth-kind.ts';
import type { RateLimit } from '../http/rate-limit.ts';
import type { AnswerRule, ApiRequest, Query } from '../http/request.ts';
import type { StreamDefinition } from '../streams/definition.ts';
import type { StreamContext } from '../streams/stream-options.ts';
import type { Webhooks } from '../webhook/webhook-definition.ts';

export interface Sites {
  /** The list in the configuration, in the place of `credentials`. */
  readonly list: string;
  /** The field that names a site, which is the member of `_meta` too, and the first part of each key. */
  readonly name: string;
  /** What user interfaces show of the list and of the name. */
  readonly info: { readonly title: string; readonly description: string };
  readonly nameInfo: Pick<TextInfo, 'title' | 'description' | 'pattern'>;
}

/** `C`: what the configuration decodes to; whatever it is when absent, as where definitions are only handed on. */
export interface ApiDefinition<F extends Fields = Fields, C = unknown> {
  /** `source-…`. */
  readonly name: string;
  /** Of the system, in Title Case. */
  readonly title: string;
  /** Fields of the configuration, beside credentials and start date; their order begins at 10. */
  readonly config: F;
  /** Rewrites an older form of the configuration before it is decoded. */
  readonly upgradeConfig?: (raw: Record<string, unknown>) => Record<string, unknown>;
  /** Checks what the schema cannot; throws. */
  readonly checkConfig?: (config: Decoded<F>) => void;
  /** Ways to sign in; the user chooses one, the first is offered first. */
  readonly auth: readonly [AuthKind, ...AuthKind[]];
  /**
   * The user lists several sites (stores, servers, accounts), each with an address and credentials of its own. `base` then
   * takes the fields of one of them beside the others; each stream is read from all of them (`ofSites`). Not for tokens that
   * rotate.
   */
  readonly sites?: Sites;
  /** The user may say where history begins (`start_date`); otherwise it is so many days ago, or all of it. */
  readonly start?: { readonly daysAgo: number };
  /** With a path; without a slash at its end. */
  readonly base: string | ((config: Decoded<F>) => string);
  /** Its servers are the user's own, so that addresses that are not public are reached too. */
  readonly isSelfHosted?: boolean;
  readonly headers?:
    | Readonly<Record<string, string>>
    | ((config: Decoded<F>) => Readonly<Record<string, string>>);
  readonly limits?: readonly RateLimit[];
  /** What answers mean, for every request that has no rules of its own. */
  readonly answers?: readonly AnswerRule[];
  /** A cheap request that shows whether the credentials are right. */
  readonly probe: ApiRequest;
  /** Parameters of every list. */
  readonly query?: Query;
  /** How what arrives at streams of the kind `webhook` proves itself. */
  readonly webhooks?: Webhooks<Decoded<F>>;
  readonly streams: Readonly<Record<string, StreamDefinition<C>>>;
  /** Names of before, and what those streams are called now: a binding that has one is told. */
  readonly renamed?: Readonly<Record<string, string>>;
  /**
   * Streams that the API has to be asked for: more of them, those of an account of its own, or others in place of those above.
   * undefined: one that these credentials do not reach. Asked when bindings are discovered and checked, and when a session
   * begins.
   */
  readonly describe?: (
    context: StreamContext,
    signal: AbortSignal,
    config: Decoded<F>,
    /** A session begins: what its bindings are refused is told by their own requests, and need not be asked for. */
    isSession?: boolean,
  ) => Promise<Readonly<Record<string, StreamDefinition<C> | undefined>>>;
}

/** Keeps the names and kinds of the streams. */
export function defineApi<const F extends Fields, S extends ApiDefinition<F, Decoded<F>>['streams']>(
  definition: ApiDefinition<F, Decoded<F>> & { readonly streams: S },
): ApiDefinition & { readonly streams: S } {
  // What functions take is what `config` decodes to, here and nowhere else.
  return definition as unknown as ApiDefinition & { readonly streams: S };
}

/** How a path of the API is asked for in the probe. */
export function get(url: string, query: Query = {}): ApiRequest {
  return { url, query };
}
