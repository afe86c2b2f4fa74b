// A catalog as its files describe it: names, endpoints, bindings and options, checked for form and references but not
// yet validated by connectors. Embedded JSON (configs, resources, schemas) is text. Plain data: it can be sent to a worker.

import type { JsonText } from '@weir/protocol';
import type { ConnectorSource } from '../connector/connector-command.ts';
import type { Place } from './place.ts';

export interface Endpoint {
  /** `dekaf` runs only inside of Flow. */
  readonly connector: ConnectorSource | { readonly kind: 'dekaf' };
  /** As written, perhaps encrypted: `openConfig` gives what the connector is sent. */
  readonly config: JsonText;
  /** Pointer into the config → name of a secret of Flow's control plane. */
  readonly secrets: Readonly<Record<string, string>>;
}

export interface ShardOptions {
  readonly disable: boolean;
  readonly logLevel?: string;
}

export interface CaptureBindingModel {
  readonly place: Place;
  readonly resource: JsonText;
  readonly target: string;
  readonly disable: boolean;
  readonly backfill: number;
}

export interface AutoDiscover {
  readonly addNewBindings: boolean;
  readonly evolveIncompatibleCollections: boolean;
}

export interface CaptureModel {
  readonly name: string;
  readonly place: Place;
  /** The file that holds it. */
  readonly url: string;
  readonly endpoint: Endpoint;
  readonly bindings: readonly CaptureBindingModel[];
  /** The protocol counts whole seconds: a part of one counts as one, so that only `0` is no pause at all. */
  readonly intervalSeconds: number;
  readonly autoDiscover?: AutoDiscover;
  readonly redactSalt?: Buffer;
  readonly shards: ShardOptions;
}

export interface CollectionModel {
  readonly name: string;
  readonly place: Place;
  readonly url: string;
  readonly key: readonly string[];
  /** `schema` of the catalog, or its `writeSchema`; references to other files are bundled into it. */
  readonly writeSchema: JsonText;
  readonly readSchema?: JsonText;
  readonly projections: Readonly<Record<string, { readonly location: string; readonly partition: boolean }>>;
  /** A derivation: Flow computes it, this runtime only reads it. */
  readonly derived: boolean;
}

export type OnIncompatibleSchemaChange = 'backfill' | 'abort' | 'disableBinding' | 'disableTask';

export interface CollectionSource {
  readonly collection: string;
  readonly include: Readonly<Record<string, readonly JsonText[]>>;
  readonly exclude: Readonly<Record<string, readonly JsonText[]>>;
  readonly notBefore?: string;
  readonly notAfter?: string;
}

export interface FieldsModel {
  /** true: every location; n: to that depth; false or 0: none but what is required. */
  readonly recommended: boolean | number;
  /** Field → its config. */
  readonly require: Readonly<Record<string, JsonText>>;
  readonly exclude: readonly string[];
  readonly groupBy: readonly string[];
}

export interface MaterializationBindingModel {
  readonly place: Place;
  readonly resource: JsonText;
  readonly source: CollectionSource;
  readonly disable: boolean;
  readonly priority: number;
  readonly fields: FieldsModel;
  readonly backfill: number;
  readonly onIncompatibleSchemaChange: OnIncompatibleSchemaChange;
}

export interface MaterializationModel {
  readonly name: string;
  readonly place: Place;
  readonly url: string;
  readonly endpoint: Endpoint;
  readonly bindings: readonly MaterializationBindingModel[];
  readonly shards: ShardOptions;
}
