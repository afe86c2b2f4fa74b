// What becomes of a request: a challenge is answered, one that proves itself becomes documents, and its sender hears of
// success once they are committed. All documents of a request are taken, or none.

import { createHash, randomUUID } from 'node:crypto';
import type { Clock, Logger } from '@weir/connector';
import { MAX_MESSAGE_BYTES } from '@weir/protocol';
import { parsePointer } from '@weir/schema';
import { resolvePointer, type JsonObject } from '@weir/schema/json';
import { type BodyDocument, contentTypeOf, documentsOf, withMeta } from './body-documents.ts';
import type { Challenge } from './challenges.ts';
import type { CrossOrigin } from './cors.ts';
import type { Verification } from './verification.ts';
import {
  jsonAnswer,
  refusalAnswer,
  WebhookRefusal,
  type WebhookAnswer,
  type WebhookRequest,
} from './webhook-request.ts';
import { type Routed, type WebhookMatch, WebhookRouter } from './webhook-route.ts';
import type { Holding } from './webhook-server.ts';

/**
 * Where the id of a document is from. A sender that tries again then sends the same id, so that the collection has the
 * document once. `random`: each try is a document. `digest`: the document itself says which one it is.
 */
export type WebhookId = 'random' | 'digest' | { readonly header: string } | { readonly body: string };

export interface WebhookBinding {
  readonly name: string;
  readonly match: WebhookMatch;
  readonly id: WebhookId;
  /** Refuses a document that its collection cannot take, as one that is refused later would end the capture. */
  readonly check?: (document: Buffer) => void;
}

export interface WebhookDocument<B extends WebhookBinding> {
  readonly binding: B;
  /** With its `_meta`. */
  readonly bytes: Buffer;
}

export interface WebhookAppOptions<B extends WebhookBinding> {
  readonly bindings: readonly B[];
  readonly clock: Clock;
  readonly log: Logger;
  readonly challenges?: readonly Challenge[];
  readonly cors?: CrossOrigin;
  /** Looks at the head of a request, before its body is read. */
  readonly authorize?: (head: WebhookHead) => WebhookRefusal | undefined;
  readonly verify?: Verification | undefined;
  /** What is shown beside: pages about the API. */
  readonly page?: (head: WebhookHead) => WebhookAnswer | undefined;
  /** Members of `_meta` before the connector's own. */
  readonly meta?: JsonObject;
  /** The member of `_meta` that holds the parameters of the query. */
  readonly queryMember: 'query' | 'queryParams';
  /** Resolves once the documents are committed. What is not sent on when `abandoned` is aborted is dropped. */
  readonly publish: (documents: readonly WebhookDocument<B>[], abandoned: AbortSignal) => Promise<void>;
  /** Nothing is kept of what is published: no sender is told of success. */
  readonly isPreview?: boolean;
}

export type WebhookHead = Omit<WebhookRequest, 'body'>;

/** A document with its `_meta` has to fit into one message of the protocol, with what the message has beside it. */
const MAX_DOCUMENT_BYTES = MAX_MESSAGE_BYTES - 1024;

/** What a document takes beside its bytes. */
const DOCUMENT_BYTES = 256;

/** They say nothing of the document, or are secrets. */
const HIDDEN_HEADERS: readonly string[] = ['authorization', 'cookie', 'content-type', 'accept'];

export class WebhookApp<B extends WebhookBinding> {
  readonly #options: WebhookAppOptions<B>;
  readonly #router = new WebhookRouter<B>();
  readonly #hidden: ReadonlySet<string>;

  constructor(options: WebhookAppOptions<B>) {
    this.#options = options;
    this.#hidden = new Set([...HIDDEN_HEADERS, ...(options.verify?.hides ?? [])]);
    for (const binding of options.bindings) this.#router.add(binding.name, binding.match, binding);
  }

  /** The answer to a request whose body need not be read. */
  answerHead(head: WebhookHead): WebhookAnswer | undefined {
    const { authorize, challenges = [], cors, page } = this.#options;
    const preflight = cors?.preflight(head);
    if (preflight !== undefined) return preflight;
    const answered =
      this.#firstAnswer(
        challenges.filter(({ isSigned }) => !isSigned),
        head,
      ) ?? page?.(head);
    if (answered !== undefined) return this.#shared(head, answered);
    return this.#refused(head, () => {
      if (!this.#router.knows(head)) throw new WebhookRefusal(404, `nothing is taken at ${head.path}`);
      if (head.method === 'GET' || head.method === 'HEAD')
        throw new WebhookRefusal(404, 'nothing to see here');
      if (head.method !== 'POST') {
        throw new WebhookRefusal(405, 'documents are sent with POST', { headers: { allow: 'POST' } });
      }
      const refusal = authorize?.(head);
      if (refusal !== undefined) throw refusal;
      return undefined;
    });
  }

  async answer(request: WebhookRequest, { abandoned, hold }: Holding): Promise<WebhookAnswer> {
    const { challenges = [], verify, clock, isPreview = false } = this.#options;
    let documents: readonly WebhookDocument<B>[] = [];
    const refused = this.#refused(request, () => {
      const why = verify?.(request, clock.now());
      if (why !== undefined) throw new WebhookRefusal(401, why);
      const answered = this.#firstAnswer(
        challenges.filter(({ isSigned }) => isSigned),
        request,
      );
      if (answered !== undefined) return answered;
      documents = this.#documentsOf(request, hold);
      return undefined;
    });
    if (refused !== undefined) return refused;
    if (documents.length > 0 && !(await this.#isCommitted(request, documents, abandoned))) {
      return this.#shared(request, refusalAnswer(tryAgain('it could not be committed')));
    }
    if (isPreview)
      return this.#shared(request, refusalAnswer(tryAgain('this is a preview, which keeps nothing')));
    return this.#shared(request, jsonAnswer(200, { published: documents.length }));
  }

  async #isCommitted(
    { path }: WebhookHead,
    documents: readonly WebhookDocument<B>[],
    abandoned: AbortSignal,
  ): Promise<boolean> {
    const { publish, log } = this.#options;
    try {
      await publish(documents, abandoned);
      return true;
    } catch (failure) {
      // What is abandoned has been told of.
      if (!abandoned.aborted) {
        log.warn('a webhook could not be committed', {
          path,
          documents: documents.length,
          error: String(failure),
        });
      }
      return false;
    }
  }

  #documentsOf(request: WebhookRequest, hold: Holding['hold']): WebhookDocument<B>[] {
    const { documents, isList } = documentsOf(request.body, contentTypeOf(request));
    const taken: WebhookDocument<B>[] = [];
    for (const document of documents) {
      const index = taken.length;
      const routed = this.#router.route(request, document.value);
      if (routed === undefined) throw new WebhookRefusal(404, `document ${index} belongs to no binding`);
      const bytes = withMeta(document, this.#metaOf(request, routed, document, isList ? `/${index}` : ''));
      if (bytes.length > MAX_DOCUMENT_BYTES) {
        throw new WebhookRefusal(413, `a document has at most ${MAX_DOCUMENT_BYTES} bytes, with its _meta`);
      }
      hold(bytes.length + DOCUMENT_BYTES);
      routed.to.check?.(bytes);
      taken.push({ binding: routed.to, bytes });
    }
    return taken;
  }

  #metaOf(
    request: WebhookRequest,
    { to, pattern, params }: Routed<B>,
    document: BodyDocument,
    suffix: string,
  ): JsonObject {
    const { headers, query, path, receivedMs } = request;
    const { meta, queryMember } = this.#options;
    const shown = Object.entries(headers).filter(([name]) => !this.#hidden.has(name));
    const parameters = Object.fromEntries(
      [...new Set(query.keys())].map((name) => [name, query.getAll(name).join(',')]),
    );
    return {
      ...meta,
      webhookId: idOf(to.id, request, document, suffix),
      receivedAt: new Date(receivedMs).toISOString(),
      headers: Object.fromEntries(shown),
      reqPath: pattern?.segments === undefined ? path : pattern.text,
      ...(Object.keys(params).length === 0 ? {} : { pathParams: { ...params } }),
      ...(query.size === 0 ? {} : { [queryMember]: parameters }),
    };
  }

  #firstAnswer(
    challenges: readonly Challenge[],
    request: WebhookHead | WebhookRequest,
  ): WebhookAnswer | undefined {
    for (const challenge of challenges) {
      const answer = challenge.answer({ body: Buffer.alloc(0), ...request });
      if (answer !== undefined) return answer;
    }
    return undefined;
  }

  #refused(head: WebhookHead, decide: () => WebhookAnswer | undefined): WebhookAnswer | undefined {
    try {
      return decide();
    } catch (failure) {
      if (!(failure instanceof WebhookRefusal)) throw failure;
      return this.#shared(head, refusalAnswer(failure));
    }
  }

  #shared(head: WebhookHead, answer: WebhookAnswer): WebhookAnswer {
    const more = this.#options.cors?.headersFor(head) ?? {};
    return { ...answer, headers: { ...answer.headers, ...more } };
  }
}

function tryAgain(why: string): WebhookRefusal {
  return new WebhookRefusal(503, why, { headers: { 'retry-after': '1' } });
}

/** `suffix`: the place of the document in a list, where one id stands for all of them. */
function idOf(
  id: WebhookId,
  { headers }: WebhookRequest,
  { value, bytes }: BodyDocument,
  suffix: string,
): string {
  if (id === 'random') return `${randomUUID()}${suffix}`;
  if (id === 'digest') return createHash('sha256').update(bytes).digest('hex').slice(0, 32);
  if ('header' in id) {
    const given = headers[id.header.toLowerCase()] ?? '';
    if (given === '') throw new WebhookRefusal(400, `missing required header '${id.header}'`);
    // Other bytes may be of any encoding, and would not be the text that the sender means.
    if (!/^[\t\x20-\x7e]*$/.test(given)) {
      throw new WebhookRefusal(400, `the header '${id.header}' has to be ASCII, as it becomes an id`);
    }
    return `${given}${suffix}`;
  }
  const given = resolvePointer(value, parsePointer(id.body));
  if (typeof given !== 'string' && typeof given !== 'number' && typeof given !== 'bigint') {
    throw new WebhookRefusal(400, `the document has no id at ${id.body}`);
  }
  return String(given);
}
