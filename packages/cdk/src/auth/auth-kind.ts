// A way to sign in: the fields that it has in the configuration, and the credentials that they make.

import type { Clock } from '@weir/connector';
import type { OAuth2 } from '@weir/protocol';
import type { Secret } from '@weir/schema';
import type { Fields } from '@weir/schema/config';
import type { JsonValue } from '@weir/schema/json';
import type { Credentials } from '../http/credentials.ts';
import type { ApiRequest } from '../http/request.ts';
import type { ConfigKeeper } from './config-keeper.ts';

/** A configured value: a text, or a secret. */
export type CredentialValue = string | Secret | undefined;
export type CredentialValues = Readonly<Record<string, CredentialValue>>;

/** What credentials that have to be fetched are fetched with. */
export interface AuthContext {
  readonly clock: Clock;
  /** A request without credentials; the whole answer. */
  readonly ask: (request: ApiRequest, signal: AbortSignal) => Promise<JsonValue>;
  /** The endpoint configuration, for templates. */
  readonly config: object;
  readonly keeper: ConfigKeeper;
}

export interface AuthKind {
  /** Tells it from the others in the configuration (`credentials_title`). */
  readonly title: string;
  readonly fields: Fields;
  /** How the user interface gets the fields from the provider, and has the button for it. */
  readonly oauth2?: OAuth2;
  credentials(values: CredentialValues, context: AuthContext): Credentials;
}

/** The text of a configured value. */
export function revealed(values: CredentialValues, name: string): string {
  const value = values[name];
  if (value === undefined) throw new TypeError(`the credentials have no ${name}`);
  return typeof value === 'string' ? value : value.reveal();
}
