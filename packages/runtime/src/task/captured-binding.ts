// What one capture binding does with a captured document: check it against the write schema, find its key, widen the
// collection's inferred schema by it, and by what reductions make of it. Where the schema redacts, documents are redacted
// and inferred from as they leave the combiner: reductions are of the values that the connector sent, and nothing that is
// redacted reaches the journal, the inferred schema or an error.

import { type CaptureBindingSpec, type JsonText, TuplePacker, UUID_PLACEHOLDER } from '@weir/protocol';
import {
  type CompiledSchema,
  compileSchema,
  compileRedactor,
  isJsonObject,
  type JsonObject,
  locate,
  parsePointer,
  type Redactor,
  shapeFromSchema,
  stringifyJson,
  compileReducer,
} from '@weir/schema';
import { ByteRange } from '../combine/byte-range.ts';
import type { CombineBinding } from '../combine/combine-binding.ts';
import type { InferredSchema } from '../store/store.ts';
import { CapturedScan } from './captured-scan.ts';
import { documentReducer } from './document-reducer.ts';
import { Extractor, Slots } from './extraction.ts';
import { Inference } from './inference.ts';
import { invalidDocument, type ParsedDocument, parseDocument } from './parsed-document.ts';
import { beginsWithMeta } from './stamp.ts';

export class CapturedBinding {
  readonly index: number;
  readonly spec: CaptureBindingSpec;
  readonly combine: CombineBinding;
  /** The packed key of the document that was checked last. */
  readonly key = new ByteRange();
  readonly #schema: CompiledSchema;
  readonly #keys: Extractor;
  readonly #packer = new TuplePacker();
  readonly #inference: Inference;
  readonly #redact: Redactor | undefined;
  /** undefined where every document has to be parsed. */
  readonly #scan: CapturedScan | undefined;

  /** `inferred`: what earlier runs of this binding inferred. */
  constructor(index: number, spec: CaptureBindingSpec, inferred: JsonText | undefined, redactSalt?: Buffer) {
    const { writeSchema, key } = spec.collection;
    this.index = index;
    this.spec = spec;
    this.#schema = compileSchema(writeSchema);
    const shape = shapeFromSchema(writeSchema);
    const defaults = key.map((pointer) => locate(shape, parsePointer(pointer)).shape.default);
    this.#keys = Extractor.ofKey(key, defaults);
    this.#redact = compileRedactor(writeSchema, redactSalt ?? Buffer.alloc(0));
    this.#inference = new Inference(writeSchema, inferred);
    const slots = new Slots();
    this.#keys.useSlots(slots);
    if (this.#redact === undefined)
      this.#scan = new CapturedScan(writeSchema, () => this.#inference.rule(), slots.pointers);
    this.combine = documentReducer(spec.collection.name, compileReducer(writeSchema), false, (reduced) =>
      this.#accept(reduced, 'write schema after a reduction'),
    );
  }

  /** The document as it goes on, which mostly is itself; `key` is of it then. Throws DOCUMENT_INVALID. */
  check(document: ByteRange): ByteRange {
    const scanner = this.#scan?.scanner;
    if (scanner?.scan(document.bytes, document.start, document.end) !== true)
      return this.#checkInFull(document);
    this.#keys.packScanned(scanner, this.#packer.reset());
    this.key.set(this.#packer.buffer, 0, this.#packer.length);
    return document;
  }

  #checkInFull(document: ByteRange): ByteRange {
    const bytes = document.view();
    const parsed = parseDocument(bytes, this.spec.collection.name, this.#redact !== undefined);
    const kept = withoutUuid(bytes, parsed.value);
    this.#accept(parsed, 'write schema');
    this.#keys.pack(parsed.value, this.#packer.reset());
    this.key.set(this.#packer.buffer, 0, this.#packer.length);
    return kept === bytes ? document : ByteRange.of(kept);
  }

  /** Throws DOCUMENT_INVALID for a document that does not satisfy the write schema. */
  #accept({ value, plain }: ParsedDocument, schemaName: string): void {
    setPlaceholder(value);
    if (plain !== value) setPlaceholder(plain as JsonObject);
    const failures = this.#schema.validate(plain);
    if (failures !== undefined) {
      const shown = this.#redact === undefined ? value : (this.#redact(value) as JsonObject);
      throw invalidDocument(this.spec.collection.name, schemaName, failures, value, shown);
    }
    if (this.#redact === undefined) this.#scan?.checkedInFull(this.#inference.widen(value));
  }

  /** Makes the combined document what is stored. */
  finish(document: ByteRange): void {
    if (this.#redact === undefined) return;
    const { value } = parseDocument(document.view(), this.spec.collection.name, true);
    const redacted = this.#redact(value) as JsonObject;
    if (redacted !== value) {
      const bytes = Buffer.from(stringifyJson(redacted));
      document.set(bytes, 0, bytes.length);
    }
    setPlaceholder(redacted);
    this.#inference.widen(redacted);
  }

  /** Schemas that the connector knows from its source, sent with one checkpoint. Throws SOURCED_SCHEMA_OPEN. */
  addSourcedSchemas(schemas: readonly JsonText[]): void {
    this.#inference.addSourced(schemas);
    this.#scan?.reset();
  }

  /** The inferred schema, if it has changed since this was asked last. */
  takeInferred(): InferredSchema | undefined {
    const schema = this.#inference.takeChanged();
    if (schema === undefined) return undefined;
    return { collection: this.spec.collection.name, stateKey: this.spec.stateKey, schema };
  }
}

/** Documents are checked and inferred as they will be stored. */
function setPlaceholder(value: JsonObject): void {
  const meta = value['_meta'];
  if (isJsonObject(meta)) meta['uuid'] = UUID_PLACEHOLDER;
  else value['_meta'] = { uuid: UUID_PLACEHOLDER };
}

const metaName = Buffer.from('"_meta"');

/** The runtime owns `/_meta/uuid`: a connector's own is taken out, and `_meta` is made easy to find in the bytes. */
function withoutUuid(bytes: Buffer, value: JsonObject): Buffer {
  const meta = value['_meta'];
  if (meta === undefined || !isJsonObject(meta)) return bytes;
  const hasOwn = Object.hasOwn(meta, 'uuid');
  if (!hasOwn && (beginsWithMeta(bytes) || bytes.includes(metaName))) return bytes;
  const { uuid: _uuid, ...others } = meta;
  return Buffer.from(stringifyJson({ ...value, _meta: others }));
}
