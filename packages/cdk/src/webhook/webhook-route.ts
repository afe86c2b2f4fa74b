// Which binding a document belongs to. A header tells more than the body, and the body more than the path; of paths, the
// one with more given segments counts, and `*` is the last. Whatever could belong to two bindings is refused beforehand.

import { parsePointer, type Pointer } from '@weir/schema';
import { isJsonNumber, type JsonObject, type JsonValue, resolvePointer } from '@weir/schema/json';
import { errors } from '../errors.ts';
import { matchPath, patternsConflict, type UrlPattern, urlPattern } from './url-pattern.ts';
import type { WebhookRequest } from './webhook-request.ts';

/** What the requests or documents of a binding have that those of others have not. */
export type WebhookMatch =
  /** A path (`/orders/{shop}`), or `*`. */
  | { readonly path: string }
  /** A header, and its value. */
  | { readonly header: readonly [name: string, value: string] }
  /** A JSON pointer into the document, and the value there, as text. */
  | { readonly body: readonly [pointer: string, value: string] };

export interface Routed<T> {
  readonly to: T;
  readonly pattern: UrlPattern | undefined;
  readonly params: Readonly<Record<string, string>>;
}

interface BodyRule<T> {
  readonly pointer: Pointer;
  readonly text: string;
  readonly value: string;
  readonly to: T;
}

export class WebhookRouter<T> {
  readonly #headers: { readonly name: string; readonly value: string; readonly to: T }[] = [];
  readonly #bodies: BodyRule<T>[] = [];
  readonly #paths: { readonly pattern: UrlPattern; readonly to: T }[] = [];

  /** `name`: of the binding, for messages. */
  add(name: string, match: WebhookMatch, to: T): void {
    const conflict = (what: string): Error =>
      errors.CDK_WEBHOOK_CONFLICT({
        message: `The binding ${JSON.stringify(name)} and another one both take ${what}.`,
      });
    if ('header' in match) {
      const [header, value] = match.header;
      const lower = header.toLowerCase();
      if (this.#headers.some((other) => other.name === lower && other.value === value)) {
        throw conflict(`requests with the header ${header}: ${value}`);
      }
      this.#headers.push({ name: lower, value, to });
    } else if ('body' in match) {
      const [text, value] = match.body;
      if (this.#bodies.some((other) => other.text === text && other.value === value)) {
        throw conflict(`documents with ${JSON.stringify(value)} at ${text}`);
      }
      this.#bodies.push({ pointer: parsePointer(text), text, value, to });
    } else {
      const pattern = urlPattern(match.path);
      const other = this.#paths.find((each) => patternsConflict(each.pattern, pattern));
      if (other !== undefined) throw conflict(`a path: ${match.path} and ${other.pattern.text}`);
      this.#paths.push({ pattern, to });
      this.#paths.sort((left, right) => right.pattern.literals - left.pattern.literals);
    }
  }

  /** Whether any document of a request with this path may be taken. */
  knows({ path, headers }: Pick<WebhookRequest, 'path' | 'headers'>): boolean {
    return (
      this.#bodies.length > 0 || this.#byHeader(headers) !== undefined || this.atPath(path) !== undefined
    );
  }

  atPath(path: string): Routed<T> | undefined {
    for (const { pattern, to } of this.#paths) {
      const params = matchPath(pattern, path);
      if (params !== undefined) return { to, pattern, params };
    }
    return undefined;
  }

  route({ path, headers }: WebhookRequest, document: JsonObject): Routed<T> | undefined {
    const told = this.#byHeader(headers) ?? this.#byBody(document);
    return told === undefined ? this.atPath(path) : { to: told, pattern: undefined, params: {} };
  }

  #byHeader(headers: WebhookRequest['headers']): T | undefined {
    return this.#headers.find(({ name, value }) => headers[name] === value)?.to;
  }

  #byBody(document: JsonObject): T | undefined {
    return this.#bodies.find(({ pointer, value }) => asText(resolvePointer(document, pointer)) === value)?.to;
  }
}

function asText(value: JsonValue | undefined): string | undefined {
  if (typeof value === 'string') return value;
  return typeof value === 'boolean' || (value !== undefined && isJsonNumber(value))
    ? String(value)
    : undefined;
}
