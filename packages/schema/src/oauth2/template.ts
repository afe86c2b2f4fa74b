// The templates of a connector's `oauth2`, which are Mustache with three lambdas. Everything that renders one does it here:
// what the user interface of Flow would ask for, `weir oauth`, and the connector's own requests for tokens.

import Mustache from 'mustache';

export interface TemplateValues {
  readonly client_id?: string;
  readonly client_secret?: string;
  readonly redirect_uri?: string;
  readonly state?: string;
  readonly code?: string;
  readonly code_challenge?: string;
  readonly code_challenge_method?: string;
  readonly code_verifier?: string;
  readonly refresh_token?: string;
  /** The endpoint configuration, for `config.subdomain`. */
  readonly config?: object;
  /** Members of an answer, for the templates of a response map. */
  readonly [member: string]: unknown;
}

/** `{{x}}` escapes for HTML, as Mustache does; `{{{x}}}` does not. What has no value becomes nothing. */
export function renderTemplate(template: string, values: TemplateValues, nowMs: number): string {
  const lambda =
    (change: (text: string) => string) => () => (text: string, render: (text: string) => string) =>
      change(render(text));
  return Mustache.render(template, {
    ...values,
    urlencode: lambda(encodeURIComponent),
    basicauth: lambda((text) => `Basic ${Buffer.from(text).toString('base64')}`),
    now_plus: lambda((seconds) => nowPlus(seconds, nowMs)),
  });
}

/** The time so many seconds from now; nothing when the answer did not say how many. */
function nowPlus(seconds: string, nowMs: number): string {
  const count = Number(seconds.trim());
  return seconds.trim() === '' || Number.isNaN(count) ? '' : new Date(nowMs + count * 1000).toISOString();
}
