// A materialization connector over one destination, driven without a runtime: what its kit makes of a request, a test does
// with functions.

import assert from 'node:assert/strict';
import type { Logger } from '@weir/connector';
import type { Materialization, MaterializationBinding, RequestContext, Transactor } from '@weir/materialize';
import {
  FULL_RANGE,
  type JsonText,
  type MaterializationSpec,
  type MaterializeValidatedBinding,
  type RangeSpec,
} from '@weir/protocol';
import { decodeConfig } from '@weir/schema';

export interface LogLine {
  readonly level: string;
  readonly message: string;
}

/** The key of the table, unless it is that of the collection. */
function groupByOf({
  collection,
  fieldSelection: { keys },
}: Pick<MaterializationBinding<unknown>, 'collection' | 'fieldSelection'>): readonly string[] {
  const isKey = (field: string): boolean =>
    collection.projections.some((each) => each.field === field && each.isPrimaryKey);
  return keys.length === collection.key.length && keys.every(isKey) ? [] : keys;
}

export class SinkDriver<Config, Resource> {
  readonly definition: Materialization<Config, Resource>;
  readonly config: Config;
  /** As it is in a catalog. */
  readonly configText: JsonText;
  readonly logs: LogLine[] = [];
  readonly log: Logger;
  /** The spec that was applied last. */
  last: MaterializationSpec | undefined;

  constructor(definition: Materialization<Config, Resource>, config: unknown) {
    this.definition = definition;
    this.configText = JSON.stringify(config);
    this.config = decodeConfig(definition.spec.configSchema, this.configText, {
      what: 'a test',
      upgrade: (raw) => definition.upgradeConfig?.(raw) ?? raw,
    });
    const log = (level: string) => (message: string) => void this.logs.push({ level, message });
    this.log = {
      trace: log('trace'),
      debug: log('debug'),
      info: log('info'),
      warn: log('warn'),
      error: log('error'),
      status: log('status'),
    } as unknown as Logger;
  }

  get context(): RequestContext {
    return { log: this.log, signal: new AbortController().signal, taskName: 'acme/sink' };
  }

  resource(resource: object): Resource {
    return decodeConfig(this.definition.spec.resourceSchema, JSON.stringify(resource), { what: 'a table' });
  }

  bindings(spec: MaterializationSpec): MaterializationBinding<Resource>[] {
    return spec.bindings.map((binding, index) => ({
      ...binding,
      index,
      resource: this.resource(JSON.parse(binding.resourceConfig) as object),
    }));
  }

  validateSpec(spec: MaterializationSpec): Promise<readonly MaterializeValidatedBinding[]> {
    const bindings = this.bindings(spec).map((binding) => ({
      ...binding,
      fieldConfig: binding.fieldSelection.fieldConfig,
      groupBy: groupByOf(binding),
    }));
    return this.definition.validate(this.config, { bindings, last: this.last }, this.context);
  }

  /** Returns what was done. */
  async applySpec(spec: MaterializationSpec): Promise<string> {
    const target = {
      spec,
      bindings: this.bindings(spec),
      version: '1',
      last: this.last,
      lastVersion: '',
      state: undefined,
    };
    const { actionDescription } = await this.definition.apply(this.config, target, this.context);
    this.last = spec;
    return actionDescription;
  }

  openSpec(spec: MaterializationSpec = this.lastSpec, range: RangeSpec = FULL_RANGE): Promise<Transactor> {
    return this.definition.open(this.session(spec, range));
  }

  session(spec: MaterializationSpec = this.lastSpec, range: RangeSpec = FULL_RANGE) {
    const { config } = this;
    const bindings = this.bindings(spec);
    return { ...this.context, config, bindings, version: '1', range, state: {}, spec };
  }

  get lastSpec(): MaterializationSpec {
    assert.ok(this.last !== undefined);
    return this.last;
  }
}
