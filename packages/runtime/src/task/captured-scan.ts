// Sees, in one pass over its bytes, that a captured document is nothing new: valid under the write schema and within the
// inferred schema. Such a document needs no parsing. Anything else is checked in full, which may widen the inferred
// schema, and with it what counts as nothing new.

import { UUID_PLACEHOLDER } from '@weir/protocol';
import {
  anyValue,
  bothRules,
  DocumentScanner,
  noValue,
  type Pointer,
  propertyRule,
  type Rule,
  ruleFromSchema,
  types,
} from '@weir/schema';

/** A scanner that is out of date is made anew once so many documents in a row were checked in full and widened nothing. */
const patienceLimit = 64;

export class CapturedScan {
  readonly #writeRule: Rule | undefined;
  readonly #inferredRule: () => Rule | undefined;
  readonly #pointers: readonly Pointer[];
  #isCurrent = false;
  #unchanged = 0;
  #patience = 0;
  /** Accepts documents that are valid and widen nothing; undefined when none can be seen to be so. */
  scanner: DocumentScanner | undefined;

  /** `inferredRule`: of the inferred schema as it is now. `pointers`: the locations to be noted. */
  constructor(writeSchema: string, inferredRule: () => Rule | undefined, pointers: readonly Pointer[]) {
    // What the stamp adds is not in the bytes.
    const isStamped = pointers.some((pointer) => pointer.length === 0 || pointer[0] === '_meta');
    this.#writeRule = isStamped ? undefined : ruleFromSchema(writeSchema);
    this.#inferredRule = inferredRule;
    this.#pointers = pointers;
  }

  /** The inferred schema has changed otherwise than by a document. */
  reset(): void {
    this.scanner = undefined;
    this.#isCurrent = false;
  }

  /** To be called after a document was checked in full; `widened`: it changed the inferred schema. */
  checkedInFull(widened: boolean): void {
    if (this.#writeRule === undefined) return;
    if (widened) {
      this.reset();
      this.#unchanged = 0;
      return;
    }
    this.#unchanged += 1;
    if (this.#isCurrent || this.#unchanged <= this.#patience) return;
    this.#patience = Math.min(this.#patience + 1, patienceLimit);
    this.#isCurrent = true;
    const inferred = this.#inferredRule();
    const rule = inferred && beforeStamp(bothRules(this.#writeRule, inferred));
    this.scanner = rule && DocumentScanner.of(rule, this.#pointers);
  }
}

/**
 * The rule of documents whose `/_meta/uuid` is still to be added, and has to be absent: documents that satisfy it
 * satisfy `rule` once they are stamped. undefined when a stamped document never does.
 */
function beforeStamp(rule: Rule): Rule | undefined {
  const meta = propertyRule(rule, '_meta');
  const uuid = propertyRule(meta, 'uuid');
  const placeholder = DocumentScanner.of({ ...anyValue, properties: new Map([['uuid', uuid]]) }, []);
  if (placeholder?.scan(Buffer.from(`{"uuid":"${UUID_PLACEHOLDER}"}`)) !== true) return undefined;
  const required = new Set(meta.required);
  required.delete('uuid');
  const unstamped: Rule = {
    ...meta,
    types: meta.types & types.OBJECT,
    properties: new Map([...meta.properties, ['uuid', noValue]]),
    required,
  };
  // A document without `_meta` gets one that holds nothing but the UUID.
  const needed = new Set(rule.required);
  if (required.size === 0 && unstamped.types !== 0 && meta.members === undefined) needed.delete('_meta');
  else needed.add('_meta');
  return { ...rule, properties: new Map([...rule.properties, ['_meta', unstamped]]), required: needed };
}
