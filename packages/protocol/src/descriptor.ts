// What one message looks like on both wires. One table per message drives the protobuf and the JSON codec alike, and
// the compiler holds each table to its TypeScript type: a property without a field does not compile.

export type ScalarKind =
  | 'string'
  | 'bool'
  | 'uint32'
  | 'fixed32'
  | 'int64'
  | 'fixed64'
  | 'double'
  | 'bytes'
  /** Embedded JSON: its text, which the JSON codec inlines. */
  | 'json'
  /** RFC 3339 text; google.protobuf.Timestamp in protobuf. */
  | 'timestamp';

export interface EnumDescriptor {
  readonly name: string;
  /** By proto name. The name of number 0 is the default, which is not written. */
  readonly numbers: Readonly<Record<string, number>>;
  /** Names that are read as another one. */
  readonly aliases?: Readonly<Record<string, string>>;
}

export type FieldType =
  | { readonly kind: ScalarKind }
  | { readonly kind: 'enum'; readonly enum: EnumDescriptor }
  | { readonly kind: 'message'; readonly message: MessageDescriptor }
  /** A consumer.Checkpoint that may be the explicit zero. */
  | { readonly kind: 'checkpoint'; readonly message: MessageDescriptor };

/** one: default when absent; optional: undefined when absent; list: []; map: {}, keyed by string. */
export type Cardinality = 'one' | 'optional' | 'list' | 'map';

export interface FieldOptions {
  /** Differs from the property when the wire's name does. */
  readonly jsonName?: string;
  /** The original proto name, which JSON readers accept too; snake_case of the property by default. */
  readonly protoName?: string;
  /** The JSON names that are read besides jsonName and protoName. */
  readonly otherNames?: readonly string[];
  /** The JSON value null is a value of this embedded JSON, not its absence. */
  readonly nullIsValue?: boolean;
  /** The properties of this message belong to the message around it. */
  readonly flatten?: boolean;
  /** Only read: another field of the same property is written in this codec. */
  readonly readOnlyIn?: 'json' | 'proto';
  /** In JSON, this list of messages is an object whose names and values are these two properties. */
  readonly jsonEntries?: { readonly key: string; readonly value: string };
}

export interface FieldDefinition extends FieldOptions {
  readonly number: number;
  readonly type: FieldType;
  readonly cardinality: Cardinality;
}

export interface Field extends FieldDefinition {
  readonly property: string;
  readonly jsonName: string;
  /** No property of the message type. */
  readonly isWireOnly?: boolean;
}

export interface MessageDescriptor {
  readonly name: string;
  readonly fields: readonly Field[];
  readonly byNumber: ReadonlyMap<number, Field>;
  readonly byJsonName: ReadonlyMap<string, Field>;
  /** Takes the fields of the wire that the message type does not have out of a message that was read. */
  readonly complete?: (value: Record<string, unknown>) => void;
}

/** What is on the wire only: fields that are read, and never written, and what becomes of them. */
export interface WireOnly {
  readonly fields?: Readonly<Record<string, FieldDefinition>>;
  readonly complete?: (value: Record<string, unknown>) => void;
}

/**
 * Numbers for fields and enum values that exist in Flow's JSON codec and whose protobuf numbers are not published
 * anywhere we could check. Two of our own processes exchange them under these; other peers skip them as unknown.
 */
export function unpublished(index: number): number {
  return 29_000 + index;
}

function snakeCase(property: string): string {
  return property.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
}

function completeField(property: string, definition: FieldDefinition): Field {
  const isJson = definition.type.kind === 'json';
  const suffix = isJson ? (definition.cardinality === 'map' ? '_json_map' : '_json') : '';
  return {
    ...definition,
    property,
    jsonName: definition.jsonName ?? property,
    protoName: definition.protoName ?? `${snakeCase(property)}${suffix}`,
  };
}

/** `extra` are further fields of properties that have one already. */
export function defineMessage<T extends object>(
  name: string,
  definitions: { readonly [P in keyof T]-?: FieldDefinition },
  extra: readonly (readonly [property: keyof T & string, definition: FieldDefinition])[] = [],
  wireOnly: WireOnly = {},
): MessageDescriptor {
  const fields: Field[] = Object.entries<FieldDefinition>(definitions).map(([property, definition]) =>
    completeField(property, definition),
  );
  for (const [property, definition] of extra) fields.push(completeField(property, definition));
  for (const [property, definition] of Object.entries(wireOnly.fields ?? {})) {
    fields.push({ ...completeField(property, definition), isWireOnly: true });
  }
  const byJsonName = new Map<string, Field>();
  for (const field of fields) {
    for (const jsonName of [field.jsonName, field.protoName, ...(field.otherNames ?? [])]) {
      if (jsonName !== undefined) byJsonName.set(jsonName, field);
    }
  }
  const byNumber = new Map(fields.map((field) => [field.number, field]));
  const { complete } = wireOnly;
  return { name, fields, byNumber, byJsonName, ...(complete === undefined ? {} : { complete }) };
}

function scalar(kind: ScalarKind): (number: number, options?: FieldOptions) => FieldDefinition {
  return (number, options) => ({ ...options, number, type: { kind }, cardinality: 'one' });
}

export const string = scalar('string');
export const bool = scalar('bool');
export const uint32 = scalar('uint32');
export const fixed32 = scalar('fixed32');
export const int64 = scalar('int64');
export const fixed64 = scalar('fixed64');
export const double = scalar('double');
export const bytes = scalar('bytes');
export const json = scalar('json');
export const timestamp = scalar('timestamp');

export function message(number: number, of: MessageDescriptor, options?: FieldOptions): FieldDefinition {
  return { ...options, number, type: { kind: 'message', message: of }, cardinality: 'one' };
}

export function enumeration(number: number, of: EnumDescriptor): FieldDefinition {
  return { number, type: { kind: 'enum', enum: of }, cardinality: 'one' };
}

export function optional(definition: FieldDefinition): FieldDefinition {
  return { ...definition, cardinality: 'optional' };
}

export function list(definition: FieldDefinition): FieldDefinition {
  return { ...definition, cardinality: 'list' };
}

export function mapOf(definition: FieldDefinition): FieldDefinition {
  return { ...definition, cardinality: 'map' };
}
