// Reads CRM objects by their ids: with every property that the account has, and what they are associated with. So an object is
// the same document whichever way it was found.

import { documents, type DocumentBatch, type StreamContext } from '@weir/cdk';
import { resolvePointer } from '@weir/schema';
import { isJsonObject, type JsonObject, type JsonValue } from '@weir/schema/json';
import { nextAfter, numberOf, resultsOf, textOf } from './answers.ts';

/** Of objects that are read at once, without the history of their properties and with it. */
const BATCH = { plain: 100, historic: 50 } as const;

export class CrmReader {
  readonly #path: string;
  readonly #associated: readonly string[];
  readonly #context: StreamContext;
  #properties: Promise<readonly JsonObject[]> | undefined;

  /** `associated`: kinds of objects whose ids belong into the documents. */
  constructor(path: string, associated: readonly string[], context: StreamContext) {
    this.#path = path;
    this.#associated = associated;
    this.#context = context;
  }

  /** The objects as they are now. One that is gone meanwhile is left out. */
  async *read(ids: readonly string[], signal: AbortSignal): AsyncGenerator<DocumentBatch, void, void> {
    const names = (await this.#all(signal)).map(({ name }) => textOf(name));
    for (const inputs of this.#batches(ids)) {
      const objects = await this.#objects(inputs, names, signal);
      for (const other of this.#associated) {
        const links = await this.#links(inputs, other, signal);
        for (const object of objects) object[other] = linked(links.get(textOf(object['id'])));
      }
      yield documents(objects);
    }
  }

  /** Those properties alone that HubSpot calculates, which change without a change of their object. */
  async *readCalculated(
    ids: readonly string[],
    signal: AbortSignal,
  ): AsyncGenerator<DocumentBatch, void, void> {
    const calculated = (await this.#all(signal)).filter((property) => property['calculated'] === true);
    if (calculated.length === 0) return;
    const names = calculated.map(({ name }) => textOf(name));
    for (const inputs of this.#batches(ids)) yield documents(await this.#objects(inputs, names, signal));
  }

  get #isHistoric(): boolean {
    return resolvePointer((this.#context.config ?? {}) as JsonObject, ['capturePropertyHistory']) === true;
  }

  *#batches(ids: readonly string[]): Generator<JsonObject[], void, void> {
    const size = this.#isHistoric ? BATCH.historic : BATCH.plain;
    for (let at = 0; at < ids.length; at += size) yield ids.slice(at, at + size).map((id) => ({ id }));
  }

  async #objects(inputs: JsonObject[], properties: string[], signal: AbortSignal): Promise<JsonObject[]> {
    const history = this.#isHistoric ? { propertiesWithHistory: properties } : {};
    const url = `/crm/v3/objects/${this.#path}/batch/read`;
    return resultsOf(await this.#ask(url, { properties, ...history, inputs }, signal)).map(documentOf);
  }

  /** Of each object the ids of the others. Each answer has some of an object's, and may say that there are more. */
  async #links(
    inputs: readonly JsonObject[],
    other: string,
    signal: AbortSignal,
  ): Promise<ReadonlyMap<string, readonly string[]>> {
    const url = `/crm/v4/associations/${this.#path}/${other}/batch/read`;
    const links = new Map<string, string[]>();
    for (let asked = [...inputs]; asked.length > 0;) {
      const rows = resultsOf(await this.#ask(url, { inputs: asked }, signal));
      asked = [];
      for (const row of rows) {
        const id = textOf(resolvePointer(row, ['from', 'id']));
        const ids = resultsOf(row, 'to').map((link) => textOf(link['toObjectId']));
        links.set(id, [...(links.get(id) ?? []), ...ids]);
        const after = nextAfter(row);
        if (after !== undefined) asked.push({ id, after });
      }
    }
    return links;
  }

  /** All properties; asked for once in a session. */
  #all(signal: AbortSignal): Promise<readonly JsonObject[]> {
    this.#properties ??= this.#context.client
      .json({ url: `/crm/v3/properties/${this.#path}` }, signal)
      .then((answer) => resultsOf(answer))
      .catch((error: unknown) => {
        this.#properties = undefined;
        throw error;
      });
    return this.#properties;
  }

  async #ask(url: string, json: JsonObject, signal: AbortSignal): Promise<JsonValue> {
    return await this.#context.client.json({ method: 'POST', url, body: { json }, isSafe: true }, signal);
  }
}

/** A text that is empty is a property without a value, and would hide from the inferred schema that others are times or numbers. */
function documentOf({ id, properties, propertiesWithHistory: history, ...row }: JsonObject): JsonObject {
  const document: JsonObject = { ...row, id: numberOf(id), properties: {} };
  const valued = Object.entries(isJsonObject(properties ?? null) ? (properties as JsonObject) : {});
  document['properties'] = Object.fromEntries(
    valued.map(([name, value]) => [name, value === '' ? null : value]),
  );
  if (!isJsonObject(history ?? null)) return document;
  const told = Object.entries(history as JsonObject).filter(([, values]) => textOf(values) !== '[]');
  return { ...document, propertiesWithHistory: Object.fromEntries(told) };
}

/** An object may be associated with another one in several ways. */
function linked(ids: readonly string[] = []): JsonValue[] {
  return [...new Set(ids)].toSorted((a, b) => Number(BigInt(a) - BigInt(b))).map(numberOf);
}
