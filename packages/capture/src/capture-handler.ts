// Turns the requests of the capture protocol into calls of a Capture, and what it returns into responses.

import { documentationUrl, type ConnectorHandler, type ConnectorStreams } from '@weir/connector';
import {
  PROTOCOL_VERSION,
  type CaptureApplyRequest,
  type CaptureDiscoverRequest,
  type CaptureRequest,
  type CaptureResponse,
  type CaptureSpec,
  type CaptureValidateRequest,
  type JsonText,
} from '@weir/protocol';
import { configSchemaText, decodeConfig } from '@weir/schema/config';
import { runSession } from './capture-session.ts';
import type { Capture, CaptureBinding, RequestContext, ResourcePath } from './capture.ts';
import { errors } from './errors.ts';
import { examinedState } from './examined-state.ts';
import { previewOf } from './preview.ts';

type UnaryRequest = Exclude<CaptureRequest, { kind: 'open' | 'acknowledge' }>;

export function captureHandler<Config, Resource, State extends object>(
  capture: Capture<Config, Resource, State>,
): ConnectorHandler<'capture'> {
  return {
    name: capture.name,
    direction: 'capture',
    handle: async (request, streams) => {
      switch (request.kind) {
        case 'acknowledge':
          throw errors.CAPTURE_ACKNOWLEDGED_TOO_MANY({
            message: 'The runtime acknowledged checkpoints before it opened a session.',
          });
        case 'open': {
          const config = decodeEndpoint(capture, request.capture.config);
          const bindings = decodeBindings(capture, request.capture);
          await runSession(capture, config, bindings, request, streams);
          return 'ended';
        }
        default:
          streams.responses.send(await answer(capture, request, streams));
          return 'answered';
      }
    },
  };
}

function answer<Config, Resource, State extends object>(
  capture: Capture<Config, Resource, State>,
  request: UnaryRequest,
  streams: ConnectorStreams<'capture'>,
): Promise<CaptureResponse> | CaptureResponse {
  switch (request.kind) {
    case 'discover':
      return answerDiscover(capture, request, streams);
    case 'validate':
      return answerValidate(capture, request, streams);
    case 'apply':
      return answerApply(capture, request, streams);
    default:
      return answerSpec(capture, streams);
  }
}

function answerSpec<Config, Resource, State extends object>(
  { spec }: Capture<Config, Resource, State>,
  streams: ConnectorStreams<'capture'>,
): CaptureResponse {
  return {
    kind: 'spec',
    protocol: PROTOCOL_VERSION,
    configSchema: configSchemaText(spec.configSchema),
    resourceConfigSchema: configSchemaText(spec.resourceSchema),
    documentationUrl: documentationUrl(spec, streams.env),
    resourcePathPointers: spec.resourcePathPointers,
    ...(spec.oauth2 === undefined ? {} : { oauth2: spec.oauth2 }),
  };
}

async function answerDiscover<Config, Resource, State extends object>(
  capture: Capture<Config, Resource, State>,
  request: CaptureDiscoverRequest,
  streams: ConnectorStreams<'capture'>,
): Promise<CaptureResponse> {
  const config = decodeEndpoint(capture, request.config);
  const discovered = await capture.discover(config, contextOf(streams, request.name));
  const bindings = discovered.map((binding) => ({
    recommendedName: binding.recommendedName,
    resourceConfig: JSON.stringify(binding.resource),
    documentSchema: JSON.stringify(binding.documentSchema),
    key: binding.key,
    disable: binding.disable ?? false,
    resourcePath: binding.resourcePath,
    isFallbackKey: binding.isFallbackKey ?? false,
  }));
  return { kind: 'discovered', bindings };
}

async function answerValidate<Config, Resource, State extends object>(
  capture: Capture<Config, Resource, State>,
  request: CaptureValidateRequest,
  streams: ConnectorStreams<'capture'>,
): Promise<CaptureResponse> {
  const config = decodeEndpoint(capture, request.config);
  const bindings = request.bindings.map((binding, index) => ({
    index,
    resource: decodeResource(capture, binding.resourceConfig, index),
    collection: binding.collection,
    backfill: binding.backfill,
  }));
  const context = { ...contextOf(streams, request.name), examinedState: examinedState(streams.env) };
  const paths = await capture.validate(config, bindings, context, request.lastCapture);
  assertDistinctPaths(paths, bindings.length);
  return { kind: 'validated', bindings: paths.map((resourcePath) => ({ resourcePath })) };
}

async function answerApply<Config, Resource, State extends object>(
  capture: Capture<Config, Resource, State>,
  request: CaptureApplyRequest,
  streams: ConnectorStreams<'capture'>,
): Promise<CaptureResponse> {
  const config = decodeEndpoint(capture, request.capture.config);
  const bindings = decodeBindings(capture, request.capture);
  const context = contextOf(streams, request.capture.name);
  const actionDescription = await capture.apply(config, bindings, request.lastCapture, context);
  return { kind: 'applied', actionDescription };
}

function contextOf(streams: ConnectorStreams<'capture'>, taskName: string): RequestContext {
  return { log: streams.log, signal: streams.signal, taskName, preview: previewOf(streams.env) };
}

export function decodeEndpoint<Config, Resource, State extends object>(
  capture: Capture<Config, Resource, State>,
  text: JsonText,
): Config {
  const config = decodeConfig(capture.spec.configSchema, text, {
    what: 'the endpoint configuration',
    ...(capture.upgradeConfig === undefined ? {} : { upgrade: (raw) => capture.upgradeConfig?.(raw) ?? raw }),
  });
  capture.checkConfig?.(config);
  return config;
}

function decodeResource<Config, Resource, State extends object>(
  capture: Capture<Config, Resource, State>,
  text: JsonText,
  index: number,
): Resource {
  return decodeConfig(capture.spec.resourceSchema, text, { what: `the resource of binding ${index}` });
}

function decodeBindings<Config, Resource, State extends object>(
  capture: Capture<Config, Resource, State>,
  spec: CaptureSpec,
): CaptureBinding<Resource>[] {
  return spec.bindings.map((binding, index) => ({
    index,
    resource: decodeResource(capture, binding.resourceConfig, index),
    resourcePath: binding.resourcePath,
    collection: binding.collection,
    backfill: binding.backfill,
    stateKey: binding.stateKey,
  }));
}

function assertDistinctPaths(paths: readonly ResourcePath[], bindings: number): void {
  const seen = new Map<string, number>();
  for (const [index, path] of paths.entries()) {
    const name = path.join('.');
    const other = seen.get(JSON.stringify(path));
    if (path.length === 0 || path.some((component) => component === '')) {
      throw errors.CAPTURE_BINDING_INVALID({
        message: `The resource of binding ${index} has no complete path.`,
      });
    }
    if (other !== undefined) {
      throw errors.CAPTURE_BINDING_INVALID({
        message: `Bindings ${other} and ${index} both capture "${name}".`,
      });
    }
    seen.set(JSON.stringify(path), index);
  }
  if (paths.length !== bindings) throw new TypeError(`${paths.length} paths for ${bindings} bindings`);
}
