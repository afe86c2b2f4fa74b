// The inferred schema of one capture binding: every document widens it, and it is stored with the transaction of the
// documents that changed it. A crash may only leave it narrower than memory had it, never than the journal.

import type { JsonText } from '@weir/protocol';
import {
  applySourcedSchemas,
  emptyInferredSchema,
  type InferredSchema,
  inferredSchemaFromText,
  inferredSchemaText,
  type JsonValue,
  shapeFromSchema,
  widenInferredSchema,
} from '@weir/schema';

export class Inference {
  readonly #writeSchema: JsonText;
  readonly #inferred: InferredSchema;
  #isChanged = false;

  /** `stored`: what earlier runs inferred. */
  constructor(writeSchema: JsonText, stored: JsonText | undefined) {
    this.#writeSchema = writeSchema;
    this.#inferred = stored === undefined ? emptyInferredSchema() : inferredSchemaFromText(stored);
  }

  widen(document: JsonValue): void {
    if (widenInferredSchema(this.#inferred, document)) this.#isChanged = true;
  }

  /** Schemas that the connector sent in one transaction. Throws SOURCED_SCHEMA_OPEN. */
  addSourced(schemas: readonly JsonText[]): void {
    if (applySourcedSchemas(this.#inferred, schemas, shapeFromSchema(this.#writeSchema)))
      this.#isChanged = true;
  }

  /** The schema, if it has changed since this was asked last. */
  takeChanged(): JsonText | undefined {
    if (!this.#isChanged) return undefined;
    this.#isChanged = false;
    return inferredSchemaText(this.#inferred);
  }
}
