// What comes out of a combiner for one document. One object serves for the documents of keys that have no other: it is
// valid until the next is asked for.

export interface CombinedDocument {
  readonly binding: number;
  /** The packed key, one character per byte. */
  readonly key: string;
  readonly document: Buffer;
  readonly exists?: boolean;
  readonly deleted?: boolean;
  readonly note?: Buffer | undefined;
}

export class Combined {
  binding = 0;
  /** A document that was loaded from the destination is part of it. */
  exists = false;
  deleted = false;
  /** Holds, one behind the other, the packed key, the document and the note. */
  bytes: Buffer = Buffer.alloc(0);
  keyStart = 0;
  documentStart = 0;
  noteStart = 0;
  /** Where the note begins, when there is none. */
  noteEnd = 0;

  static of(parts: CombinedDocument): Combined {
    const { key, document, note = Buffer.alloc(0) } = parts;
    const combined = new Combined();
    combined.binding = parts.binding;
    combined.exists = parts.exists ?? false;
    combined.deleted = parts.deleted ?? false;
    combined.bytes = Buffer.concat([Buffer.from(key, 'latin1'), document, note]);
    combined.documentStart = key.length;
    combined.noteStart = key.length + document.length;
    combined.noteEnd = combined.bytes.length;
    return combined;
  }

  get key(): Buffer {
    return this.bytes.subarray(this.keyStart, this.documentStart);
  }

  get document(): Buffer {
    return this.bytes.subarray(this.documentStart, this.noteStart);
  }

  /** Whether something was added with the document, which is then the only one of its key. */
  get hasNote(): boolean {
    return this.noteEnd > this.noteStart;
  }
}
