// Finds the records of an XML body while its bytes arrive, and writes each as a JSON object: attributes as `@name`, the text
// of an element that has attributes or children as `#text`, an element that has neither as its text, an empty one as null,
// and elements of one name beside each other as a list. Entities that a document declares itself are not known, so that
// none can blow up.

import { StringDecoder } from 'node:string_decoder';
import sax from 'sax';
import type { JsonObject, JsonValue } from '@weir/schema/json';
import { stringifyJson } from '@weir/schema/json';
import { errors } from '../errors.ts';
import { RecordBuffer } from './record-buffer.ts';

export interface XmlOptions {
  /** Names of elements, from the root to the records: `['response', 'items', 'item']`. */
  readonly path: readonly string[];
  /** Elements that are lists also where there is one of them. */
  readonly lists?: readonly string[];
  readonly encoding?: 'utf8' | 'latin1' | 'utf16le';
}

const RECORD_BYTES = 64 << 20;
const ENVELOPE_BYTES = 16 << 20;
const DEPTH = 1000;

interface Element {
  readonly name: string;
  readonly members: JsonObject;
  text: string;
}

export class XmlRecordReader {
  readonly records = new RecordBuffer();
  readonly #path: readonly string[];
  readonly #lists: ReadonlySet<string>;
  readonly #decoder: StringDecoder;
  readonly #parser = sax.parser(true, { trim: false, normalize: false, xmlns: false, position: false });
  readonly #stack: Element[] = [];
  /** How many elements from the root on are those of the path. */
  #matched = 0;
  /** Within a record: how deep the stack is outside of it. */
  #recordDepth = -1;
  #wasFound = false;
  /** Of the record, and of what is around records. */
  #size = 0;
  #envelopeSize = 0;
  #envelope: JsonValue | undefined;

  constructor({ path, lists = [], encoding = 'utf8' }: XmlOptions) {
    this.#path = path;
    this.#lists = new Set(lists);
    this.#decoder = new StringDecoder(encoding);
    this.#parser.onerror = (cause) => {
      throw errors.CDK_BODY_INVALID({
        message: `The body of an answer is not XML: ${firstLine(cause)}.`,
        cause,
      });
    };
    this.#parser.onopentag = ({ name, attributes }) => this.#open(name, attributes as Record<string, string>);
    this.#parser.onclosetag = () => this.#close();
    this.#parser.ontext = (text) => this.#text(text);
    this.#parser.oncdata = (text) => this.#text(text);
  }

  push(chunk: Uint8Array): void {
    this.#parser.write(this.#decoder.write(Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength)));
  }

  /** What was around the records. Throws when the body was cut off or has no place for records. */
  end(): JsonValue {
    this.#parser.write(this.#decoder.end());
    if (this.#stack.length > 0 || this.#envelope === undefined) {
      throw errors.CDK_BODY_INVALID({ message: 'The XML body of an answer was cut off.' });
    }
    if (!this.#wasFound) {
      throw errors.CDK_RECORDS_MISSING({
        message: `The answer has no element ${this.#path.slice(0, -1).join('/')} that records would be in.`,
      });
    }
    return this.#envelope;
  }

  #open(name: string, attributes: Readonly<Record<string, string>>): void {
    const depth = this.#stack.length;
    if (depth === DEPTH) throw errors.CDK_BODY_INVALID({ message: `An XML body is deeper than ${DEPTH}.` });
    if (this.#recordDepth === -1 && this.#matched === depth && this.#path[depth] === name) {
      this.#matched += 1;
      // A record's parent is enough: it may be empty.
      if (this.#matched >= this.#path.length - 1) this.#wasFound = true;
      if (this.#matched === this.#path.length) {
        this.#recordDepth = depth;
        this.#size = 0;
      }
    }
    const members: JsonObject = {};
    let size = name.length;
    for (const [attribute, value] of Object.entries(attributes)) {
      members[`@${attribute}`] = value;
      size += attribute.length + value.length;
    }
    this.#grow(size);
    this.#stack.push({ name, members, text: '' });
  }

  #text(text: string): void {
    const element = this.#stack.at(-1);
    if (element === undefined) return;
    this.#grow(text.length);
    element.text += text;
  }

  #close(): void {
    const element = this.#stack.pop();
    if (element === undefined) return;
    const depth = this.#stack.length;
    const value = valueOf(element);
    if (depth < this.#matched && this.#recordDepth === -1) this.#matched = depth;
    if (depth === this.#recordDepth) {
      this.#recordDepth = -1;
      this.#matched = depth;
      // A record is an object, also when it has no more than text.
      const record = typeof value === 'object' && value !== null ? value : { '#text': value };
      this.records.json.raw(Buffer.from(stringifyJson(record)));
      this.records.ended();
      return;
    }
    const parent = this.#stack.at(-1);
    if (parent === undefined) this.#envelope = { [element.name]: value };
    else this.#add(parent.members, element.name, value);
  }

  #add(members: JsonObject, name: string, value: JsonValue): void {
    const before = Object.hasOwn(members, name) ? members[name] : undefined;
    if (Array.isArray(before)) before.push(value);
    else if (before !== undefined) members[name] = [before, value];
    else members[name] = this.#lists.has(name) ? [value] : value;
  }

  #grow(by: number): void {
    if (this.#recordDepth !== -1) {
      this.#size += by;
      if (this.#size > RECORD_BYTES) {
        throw errors.CDK_BODY_TOO_LARGE({ message: `A record has more than ${RECORD_BYTES} bytes.` });
      }
      return;
    }
    this.#envelopeSize += by;
    if (this.#envelopeSize > ENVELOPE_BYTES) {
      throw errors.CDK_BODY_TOO_LARGE({
        message: `What is around the records of an answer has more than ${ENVELOPE_BYTES} bytes.`,
      });
    }
  }
}

function valueOf({ members, text }: Element): JsonValue {
  const said = text.trim();
  if (Object.keys(members).length === 0) return said === '' ? null : said;
  return said === '' ? members : { ...members, '#text': said };
}

/** sax adds the position in lines of their own. */
function firstLine({ message }: Error): string {
  return message.split('\n')[0] ?? '';
}
