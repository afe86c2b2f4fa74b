// What one materialization binding does with a document: check it against the read schema, find its key, and later pack
// the selected values of the combined document.

import {
  type JsonText,
  type MaterializationBindingSpec,
  StoreFrame,
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
import { ByteRange } from '../combine/byte-range.ts';
import type { CombineBinding } from '../combine/combine-binding.ts';
import { Combined } from '../combine/combined.ts';
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
  readonly #keyPacker = new TuplePacker();
  readonly #packer = new TuplePacker();
  /** Key, values, and what decides on deletion. */
  readonly #slots = new Slots();
  /** Accepts documents that satisfy `#scannedRule`; undefined where all have to be parsed. */
  #sourceScanner: DocumentScanner | undefined;
  #scannedRule: Rule | undefined;
  /** For documents that are valid already. */
  readonly #scanner: DocumentScanner | undefined;
  /** The packed key of the document that was taken last. */
  readonly key = new ByteRange();
  /**
   * What `storeOf` would read from the document that was taken last: a packed tuple of whether it is a deletion, and of its
   * values. undefined when the document had to be parsed.
   */
  note: ByteRange | undefined;
  readonly #noteRange = new ByteRange();
  readonly #notePacker = new TuplePacker();
  readonly #frame = new StoreFrame();
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

  /**
   * Takes a source document: `key` and `note` are of it then, until the next. False when it is outside the binding's times.
   * Throws UnreadableDocument.
   */
  take({ bytes, start, end }: ByteRange): boolean {
    this.note = undefined;
    const scanner = this.#scannerOfSource();
    if (scanner?.scan(bytes, start, end) === true) {
      this.#takeNote(scanner);
      this.#takeScannedKey(scanner);
      return true;
    }
    const { value, plain } = parseDocument(bytes.subarray(start, end), this.spec.collection.name);
    if (!this.#isInTime(value)) return false;
    const failures = this.#validator.validate(plain, value);
    if (failures !== undefined) throw this.#unreadable(failures, value);
    this.#takeKey(value);
    return true;
  }

  /** `key` is that of a document of the destination then. */
  takeLoaded(bytes: Buffer): void {
    if (this.#scanner?.scan(bytes) === true) this.#takeScannedKey(this.#scanner);
    else this.#takeKey(parseDocument(bytes, this.spec.collection.name).value);
  }

  /** The request is valid until the next is asked for. */
  storeOf(combined: Combined): StoreRequest {
    const { bytes, documentStart, noteStart } = combined;
    if (combined.hasNote) return this.#notedStore(combined, bytes, noteStart, combined.noteEnd);
    if (this.#scanner?.scan(bytes, documentStart, noteStart) === true) {
      this.#takeNote(this.#scanner);
      if (this.note !== undefined) return this.#scannedStore(combined, this.note);
    }
    return this.#parsedStore(combined);
  }

  /** With a note that lies in `bytes`, behind the document. */
  #notedStore(combined: Combined, bytes: Buffer, noteStart: number, noteEnd: number): StoreFrame {
    const frame = this.#frame;
    frame.binding = this.index;
    frame.exists = combined.exists;
    frame.delete = combined.deleted || (!combined.exists && bytes[noteStart] === isDeletion);
    frame.bytes = bytes;
    frame.keyStart = combined.keyStart;
    frame.keyEnd = combined.documentStart;
    frame.valuesStart = noteStart + 1;
    frame.valuesEnd = noteEnd;
    frame.docStart = combined.documentStart;
    frame.docEnd = this.spec.fieldSelection.document === '' ? frame.docStart : combined.noteStart;
    return frame;
  }

  #scannedStore(combined: Combined, note: ByteRange): StoreFrame {
    const { keyStart, documentStart, noteStart: documentEnd } = combined;
    const bytes = Buffer.concat([combined.bytes.subarray(keyStart, documentEnd), note.view()]);
    const moved = new Combined();
    moved.exists = combined.exists;
    moved.deleted = combined.deleted;
    moved.documentStart = documentStart - keyStart;
    moved.noteStart = documentEnd - keyStart;
    return this.#notedStore(moved, bytes, moved.noteStart, bytes.length);
  }

  #takeNote(scanner: DocumentScanner): void {
    const deletes = this.combine.full ? this.#deletion.deletes(scanner) : false;
    this.note = undefined;
    if (deletes === undefined || this.#mayTruncate(scanner)) return;
    const packer = this.#notePacker.reset().boolean(deletes);
    this.#values.packScanned(scanner, packer);
    this.note = this.#noteRange.set(packer.buffer, 0, packer.length);
  }

  /** What scanning cannot decide. */
  #parsedStore({ key: keyPacked, document, exists, deleted }: Combined): StoreRequest {
    const { collection, fieldSelection, serPolicy } = this.spec;
    const { value } = parseDocument(document, collection.name);
    const kept = serPolicy === undefined ? value : truncateDocument(value, serPolicy, document.length);
    const isTruncated = kept !== value;
    this.#values.pack(kept, this.#packer.reset(), isTruncated);
    const valuesPacked = this.#packer.copy();
    const whole = isTruncated ? Buffer.from(stringifyJson(kept)) : document;
    const doc = fieldSelection.document === '' ? nothing : whole;
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

  #takeScannedKey(scanner: DocumentScanner): void {
    this.#keys.packScanned(scanner, this.#keyPacker.reset());
    this.key.set(this.#keyPacker.buffer, 0, this.#keyPacker.length);
  }

  #takeKey(value: JsonObject): void {
    this.#keys.pack(value, this.#keyPacker.reset());
    this.key.set(this.#keyPacker.buffer, 0, this.#keyPacker.length);
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
