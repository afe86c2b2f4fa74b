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
  type Rule,
  ruleFromShape,
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

  /** True when the document changed the schema. */
  widen(document: JsonValue): boolean {
    const isWidened = widenInferredSchema(this.#inferred, document);
    if (isWidened) this.#isChanged = true;
    return isWidened;
  }

  /** What documents satisfy that would change nothing; undefined when no rule can express it. */
  rule(): Rule | undefined {
    return ruleFromShape(this.#inferred.shape);
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
