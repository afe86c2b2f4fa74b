// Turns the requests of the materialize protocol into calls of a Materialization, and what it returns into responses.

import {
  documentationUrl,
  type ConnectorHandler,
  type ConnectorStreams,
  type RequestOf,
  type ResponseOf,
} from '@weir/connector';
import {
  PROTOCOL_VERSION,
  WeirError,
  type JsonText,
  type MaterializationSpec,
  type MaterializeApplyRequest,
  type MaterializeOpenRequest,
  type MaterializeValidateRequest,
} from '@weir/protocol';
import { configSchemaText, decodeConfig } from '@weir/schema/config';
import { isJsonObject, parseJson, type JsonObject } from '@weir/schema/json';
import { passCrashPoint } from './crash-points.ts';
import { DbtCloudJob } from './dbt-cloud-job.ts';
import type { Materialization, MaterializationBinding, RequestContext } from './materialization.ts';
import { runTransactions } from './materialize-session.ts';
import { unexpected } from './session-request.ts';
import { stateOf } from './state-patches.ts';

type Streams = ConnectorStreams<'materialize'>;

export function materializeHandler<Config, Resource>(
  materialization: Materialization<Config, Resource>,
): ConnectorHandler<'materialize'> {
  const answering = new Answering(materialization);
  return {
    name: materialization.name,
    direction: 'materialize',
    handle: async (request, streams) => {
      if (request.kind === 'open') {
        await answering.session(request, streams);
        return 'ended';
      }
      streams.responses.send(await answering.answer(request, streams));
      return 'answered';
    },
  };
}

class Answering<Config, Resource> {
  readonly #materialization: Materialization<Config, Resource>;

  constructor(materialization: Materialization<Config, Resource>) {
    this.#materialization = materialization;
  }

  async answer(request: RequestOf<'materialize'>, streams: Streams): Promise<ResponseOf<'materialize'>> {
    if (request.kind === 'spec') return this.#spec(streams);
    if (request.kind === 'validate') return this.#validate(request, streams);
    if (request.kind === 'apply') return this.#apply(request, streams);
    throw unexpected(request, 'spec, validate, apply or open');
  }

  /** Runs an open session to its end. */
  async session(request: MaterializeOpenRequest, streams: Streams): Promise<void> {
    const spec = request.materialization;
    const config = this.#config(spec.config);
    const trigger = this.#materialization.dbtJob?.(config);
    await using job = trigger === undefined ? undefined : new DbtCloudJob(trigger, streams.log);
    await using transactor = await this.#materialization.open({
      ...contextOf(streams, spec.name),
      config,
      bindings: this.#bindings(spec),
      version: request.version,
      range: request.range,
      state: parseState(request.state) ?? {},
      spec,
    });
    try {
      await runTransactions(transactor, streams, () => job?.dataIsThere());
    } catch (failure) {
      // Asked to end, and then cut off within a transaction: that is what a stop looks like, not a failure.
      const cutOff = failure instanceof WeirError && failure.code === 'MATERIALIZE_ENDED_EARLY';
      if (!(cutOff && streams.signal.aborted)) throw failure;
    }
  }

  #spec(streams: Streams): ResponseOf<'materialize'> {
    const { spec } = this.#materialization;
    return {
      kind: 'spec',
      protocol: PROTOCOL_VERSION,
      configSchema: configSchemaText(spec.configSchema),
      resourceConfigSchema: configSchemaText(spec.resourceSchema),
      documentationUrl: documentationUrl(spec, streams.env),
      ...(spec.oauth2 === undefined ? {} : { oauth2: spec.oauth2 }),
    };
  }

  async #validate(request: MaterializeValidateRequest, streams: Streams): Promise<ResponseOf<'materialize'>> {
    const config = this.#config(request.config);
    const bindings = request.bindings.map((binding, index) => ({
      index,
      resource: this.#resource(binding.resourceConfig, index),
      collection: binding.collection,
      fieldConfig: binding.fieldConfig,
      backfill: binding.backfill,
      groupBy: binding.groupBy,
    }));
    const target = { bindings, last: request.lastMaterialization };
    const context = contextOf(streams, request.name);
    return { kind: 'validated', bindings: await this.#materialization.validate(config, target, context) };
  }

  async #apply(request: MaterializeApplyRequest, streams: Streams): Promise<ResponseOf<'materialize'>> {
    const spec = request.materialization;
    const config = this.#config(spec.config);
    const target = {
      spec,
      bindings: this.#bindings(spec),
      version: request.version,
      last: request.lastMaterialization,
      lastVersion: request.lastVersion,
      state: parseState(request.state),
    };
    passCrashPoint('materialize.before-apply');
    const result = await this.#materialization.apply(config, target, contextOf(streams, spec.name));
    passCrashPoint('materialize.after-apply');
    return { kind: 'applied', actionDescription: result.actionDescription, ...stateOf(result.state) };
  }

  #config(text: JsonText): Config {
    const materialization = this.#materialization;
    const config = decodeConfig(materialization.spec.configSchema, text, {
      what: 'the endpoint configuration',
      upgrade: (raw) => materialization.upgradeConfig?.(raw) ?? raw,
    });
    materialization.checkConfig?.(config);
    return config;
  }

  #resource(text: JsonText, index: number): Resource {
    return decodeConfig(this.#materialization.spec.resourceSchema, text, {
      what: `the resource of binding ${index}`,
    });
  }

  #bindings(spec: MaterializationSpec): MaterializationBinding<Resource>[] {
    return spec.bindings.map((binding, index) => ({
      index,
      resource: this.#resource(binding.resourceConfig, index),
      resourcePath: binding.resourcePath,
      collection: binding.collection,
      fieldSelection: binding.fieldSelection,
      deltaUpdates: binding.deltaUpdates,
      backfill: binding.backfill,
      stateKey: binding.stateKey,
    }));
  }
}

function contextOf(streams: Streams, taskName: string): RequestContext {
  return { log: streams.log, signal: streams.signal, taskName };
}

function parseState(text: JsonText | undefined): JsonObject | undefined {
  if (text === undefined || text === '') return undefined;
  const value = parseJson(text);
  return isJsonObject(value) ? value : undefined;
}
