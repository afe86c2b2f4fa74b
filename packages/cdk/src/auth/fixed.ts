// Credentials that are configured once and sent with every request.

import { secret, text } from '@weir/schema';
import { fixedCredentials } from '../http/credentials.ts';
import { type AuthKind, revealed } from './auth-kind.ts';

export interface BearerOptions {
  readonly title?: string;
  /** What stands before the token; `Bearer`. */
  readonly scheme?: string;
}

/** A token that the user makes in the API's own settings. */
export function bearer({
  title = 'Private App Credentials',
  scheme = 'Bearer',
}: BearerOptions = {}): AuthKind {
  return {
    title,
    fields: {
      access_token: secret({
        title: 'Access Token',
        description: 'A token that may read the data.',
        order: 1,
      }),
    },
    credentials: (values) =>
      fixedCredentials({ authorization: `${scheme} ${revealed(values, 'access_token')}` }),
  };
}

export interface ApiKeyOptions {
  readonly title?: string;
  /** Where the key goes: the name of a header, or that of a parameter of the query. */
  readonly sends: { readonly header: string } | { readonly query: string };
}

export function apiKey({ title = 'API Key', sends }: ApiKeyOptions): AuthKind {
  return {
    title,
    fields: {
      access_token: secret({ title: 'API Key', description: 'A key that may read the data.', order: 1 }),
    },
    credentials: (values) => {
      const key = revealed(values, 'access_token');
      return 'header' in sends
        ? fixedCredentials({ [sends.header]: key })
        : fixedCredentials({}, { [sends.query]: key });
    },
  };
}

export interface BasicOptions {
  readonly title?: string;
  /** Put behind the name of the user, where an API tells kinds of passwords apart by it. */
  readonly userSuffix?: string;
  /** What the API calls them, where it has other names. */
  readonly user?: FieldLabel;
  readonly password?: FieldLabel;
}

export interface FieldLabel {
  readonly title: string;
  readonly description: string;
}

export function basic({
  title = 'Username & Password',
  userSuffix = '',
  user = { title: 'Username', description: 'The user to sign in as.' },
  password = { title: 'Password', description: 'The password of the user.' },
}: BasicOptions = {}): AuthKind {
  return {
    title,
    fields: {
      username: text({ ...user, order: 1 }),
      password: secret({ ...password, order: 2 }),
    },
    credentials: (values) =>
      fixedCredentials({
        authorization: basicHeader(
          `${revealed(values, 'username')}${userSuffix}`,
          revealed(values, 'password'),
        ),
      }),
  };
}

export function basicHeader(user: string, password: string): string {
  return `Basic ${Buffer.from(`${user}:${password}`).toString('base64')}`;
}
