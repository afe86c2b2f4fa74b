// What one materialization binding does with a document: check it against the read schema, find its key, and later pack
// the selected values of the combined document.

import {
  type JsonText,
  type MaterializationBindingSpec,
  type StoreRequest,
  TuplePacker,
} from '@weir/protocol';
import {
  anyValue,
  compileReducer,
  DocumentScanner,
  getProperty,
  isJsonObject,
  type JsonObject,
  type Reducer,
  type Rule,
  stringifyJson,
  type ValidationFailure,
} from '@weir/schema';
import type { CombineBinding, Combined } from '../combine/combine-binding.ts';
import { clockOfTime, clockOfUuid } from './document-times.ts';
import { documentReducer } from './document-reducer.ts';
import { DeletionScan } from './deletion-scan.ts';
import { Extractor, Slots } from './extraction.ts';
import { invalidDocument, parseDocument } from './parsed-document.ts';
import { ReadValidator } from './read-validator.ts';
import { truncateDocument } from './truncation.ts';

/** The document does not satisfy the read schema, which may only mean that the collection's schema has grown since. */
export class UnreadableDocument extends Error {
  readonly binding: number;
  readonly explanation: Error;

  constructor(binding: number, explanation: Error) {
    super(explanation.message);
    this.binding = binding;
    this.explanation = explanation;
  }
}

const nothing = Buffer.alloc(0);

const [isDeletion = 0] = new TuplePacker().boolean(true).view();

export class MaterializedBinding {
  readonly index: number;
  readonly spec: MaterializationBindingSpec;
  readonly combine: CombineBinding;
  readonly #validator: ReadValidator;
  readonly #reducer: Reducer;
  readonly #keys: Extractor;
  readonly #values: Extractor;
  readonly #packer = new TuplePacker();
  /** Key, values, and what decides on deletion. */
  readonly #slots = new Slots();
  /** Accepts documents that satisfy `#scannedRule`; undefined where all have to be parsed. */
  #sourceScanner: DocumentScanner | undefined;
  #scannedRule: Rule | undefined;
  /** For documents that are valid already. */
  readonly #scanner: DocumentScanner | undefined;
  #note: Buffer | undefined;
  readonly #notePacker = new TuplePacker();
  readonly #deletion: DeletionScan;
  readonly #notBefore: bigint | undefined;
  readonly #notAfter: bigint | undefined;

  /** `newestInferred`: the collection's inferred schema as it is stored now. */
  constructor(index: number, spec: MaterializationBindingSpec, newestInferred?: () => JsonText | undefined) {
    const { collection, fieldSelection } = spec;
    const schema = collection.readSchema ?? collection.writeSchema;
    this.index = index;
    this.spec = spec;
    this.#validator = new ReadValidator(schema, newestInferred);
    const fields = new Map(collection.projections.map((projection) => [projection.field, projection]));
    const select = (names: readonly string[]): Extractor =>
      Extractor.ofProjections(
        names.map((name) => fields.get(name)).filter((projection) => projection !== undefined),
      );
    this.#keys = select(fieldSelection.keys);
    this.#values = select(fieldSelection.values);
    this.#notBefore = spec.notBefore === '' ? undefined : clockOfTime(Date.parse(spec.notBefore));
    this.#notAfter = spec.notAfter === '' ? undefined : clockOfTime(Date.parse(spec.notAfter));
    this.#reducer = compileReducer(schema);
    this.#keys.useSlots(this.#slots);
    this.#values.useSlots(this.#slots);
    this.#deletion = new DeletionScan(this.#reducer, this.#slots);
    this.#scanner = DocumentScanner.of(anyValue, this.#slots.pointers);
    this.combine = documentReducer(collection.name, this.#reducer, !spec.deltaUpdates, (reduced) => {
      const failures = this.#validator.validateReduced(reduced);
      if (failures === undefined) return;
      throw invalidDocument(collection.name, 'read schema after a reduction', failures, reduced.value);
    });
  }

  /** The packed key of a source document, one character per byte; undefined when it is outside the binding's times. */
  keyOfSource(bytes: Buffer): string | undefined {
    this.#note = undefined;
    const scanner = this.#scannerOfSource();
    if (scanner?.scan(bytes) === true) {
      this.#takeNote(scanner);
      return this.#scannedKey(scanner);
    }
    const { value, plain } = parseDocument(bytes, this.spec.collection.name);
    if (!this.#isInTime(value)) return undefined;
    const failures = this.#validator.validate(plain, value);
    if (failures !== undefined) throw this.#unreadable(failures, value);
    return this.#key(value);
  }

  /**
   * What `storeOf` would read from the document that `keyOfSource` took last: a packed tuple of whether it is a deletion,
   * and of its values. Valid until the next `keyOfSource`; undefined when the document had to be parsed.
   */
  get note(): Buffer | undefined {
    return this.#note;
  }

  keyOfLoaded(bytes: Buffer): string {
    if (this.#scanner?.scan(bytes) === true) return this.#scannedKey(this.#scanner);
    return this.#key(parseDocument(bytes, this.spec.collection.name).value);
  }

  storeOf(combined: Combined): StoreRequest {
    const { key, document, exists, deleted } = combined;
    let { note } = combined;
    if (note === undefined && this.#scanner?.scan(document) === true) {
      this.#takeNote(this.#scanner);
      note = this.#note && Buffer.from(this.#note);
    }
    if (note === undefined) return this.#parsedStore(combined);
    const isDelete = deleted || (!exists && note[0] === isDeletion);
    const doc = this.spec.fieldSelection.document === '' ? nothing : document;
    const keyPacked = Buffer.from(key, 'latin1');
    const valuesPacked = note.subarray(1);
    return { kind: 'store', binding: this.index, keyPacked, valuesPacked, doc, exists, delete: isDelete };
  }

  #takeNote(scanner: DocumentScanner): void {
    const deletes = this.combine.full ? this.#deletion.deletes(scanner) : false;
    this.#note = undefined;
    if (deletes === undefined || this.#mayTruncate(scanner)) return;
    const packer = this.#notePacker.reset().boolean(deletes);
    this.#values.packScanned(scanner, packer);
    this.#note = packer.view();
  }

  /** What scanning cannot decide. */
  #parsedStore({ key, document, exists, deleted }: Combined): StoreRequest {
    const { collection, fieldSelection, serPolicy } = this.spec;
    const { value } = parseDocument(document, collection.name);
    const kept = serPolicy === undefined ? value : truncateDocument(value, serPolicy, document.length);
    const isTruncated = kept !== value;
    this.#values.pack(kept, this.#packer.reset(), isTruncated);
    const valuesPacked = this.#packer.copy();
    const whole = isTruncated ? Buffer.from(stringifyJson(kept)) : document;
    const doc = fieldSelection.document === '' ? nothing : whole;
    const keyPacked = Buffer.from(key, 'latin1');
    // A deletion may be all there is of a key: its row was gone before the source's table was read.
    const isDelete = deleted || (!exists && this.combine.full && this.#reducer.deletes(value));
    return { kind: 'store', binding: this.index, keyPacked, valuesPacked, doc, exists, delete: isDelete };
  }

  #scannerOfSource(): DocumentScanner | undefined {
    if (this.#notBefore !== undefined || this.#notAfter !== undefined) return undefined;
    const { rule } = this.#validator;
    if (rule !== this.#scannedRule) {
      this.#scannedRule = rule;
      this.#sourceScanner = rule && DocumentScanner.of(rule, this.#slots.pointers);
    }
    return this.#sourceScanner;
  }

  /** Whether the serialization policy may cut something of the document that was scanned. */
  #mayTruncate({ longestText, widestObject, longestArray }: DocumentScanner): boolean {
    const policy = this.spec.serPolicy;
    if (policy === undefined) return false;
    return (
      (policy.strTruncateAfter > 0 && longestText > policy.strTruncateAfter) ||
      (policy.nestedObjTruncateAfter > 0 && widestObject > policy.nestedObjTruncateAfter) ||
      (policy.arrayTruncateAfter > 0 && longestArray > policy.arrayTruncateAfter)
    );
  }

  #scannedKey(scanner: DocumentScanner): string {
    this.#keys.packScanned(scanner, this.#packer.reset());
    return this.#packer.text();
  }

  #key(value: JsonObject): string {
    this.#keys.pack(value, this.#packer.reset());
    return this.#packer.text();
  }

  #isInTime(value: JsonObject): boolean {
    if (this.#notBefore === undefined && this.#notAfter === undefined) return true;
    const meta = getProperty(value, '_meta');
    const uuid = isJsonObject(meta) ? getProperty(meta, 'uuid') : undefined;
    const clock = typeof uuid === 'string' ? clockOfUuid(uuid) : undefined;
    if (clock === undefined) return true;
    if (this.#notBefore !== undefined && clock < this.#notBefore) return false;
    return this.#notAfter === undefined || clock <= this.#notAfter;
  }

  #unreadable(failures: readonly ValidationFailure[], value: JsonObject): Error {
    const explanation = invalidDocument(this.spec.collection.name, 'read schema', failures, value);
    return new UnreadableDocument(this.index, explanation);
  }
}
