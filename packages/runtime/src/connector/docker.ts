// Runs the real image of a connector with docker or podman (the DOCKER_CLI variable names the program). The image's own
// entry point is started, without Flow's init layer: the runtime speaks to its stdin and stdout directly.

import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import type { CodecName } from '@weir/protocol';
import { errors } from '../errors.ts';
import type { ConnectorCommand, ConnectorProtocol, ResolveOptions } from './connector-command.ts';

const run = promisify(execFile);

export interface ImageInspection {
  readonly protocol: string;
  readonly codec: CodecName;
}

/** Reads the output of `docker inspect`: labels first, then the image's environment, say which codec it speaks. */
export function readInspection(text: string): ImageInspection {
  const [image] = JSON.parse(text) as [
    { Config?: { Labels?: Record<string, string> | null; Env?: string[] | null } } | undefined,
  ];
  const labels = image?.Config?.Labels ?? {};
  const variable = (image?.Config?.Env ?? []).find((entry) => entry.startsWith('FLOW_RUNTIME_CODEC='));
  const codec = labels['FLOW_RUNTIME_CODEC'] ?? variable?.slice('FLOW_RUNTIME_CODEC='.length);
  return { protocol: labels['FLOW_RUNTIME_PROTOCOL'] ?? '', codec: codec === 'json' ? 'json' : 'proto' };
}

export interface ContainerOptions {
  readonly image: string;
  readonly network: string;
  readonly logLevel: string;
  readonly taskName: string;
  readonly taskType: ConnectorProtocol;
  readonly codec: CodecName;
  readonly env?: Readonly<Record<string, string>>;
}

/** The arguments of `docker run`: the limits and labels that Flow sets, with stdin kept open. Each start adds a `--name`. */
export function dockerRunArguments(options: ContainerOptions): string[] {
  return [
    'run',
    '--rm',
    '--interactive',
    `--network=${options.network}`,
    '--log-driver=none',
    '--env=LOG_FORMAT=json',
    `--env=LOG_LEVEL=${options.logLevel}`,
    `--env=FLOW_RUNTIME_CODEC=${options.codec}`,
    // Its value is that of the environment of docker itself.
    '--env=WEIR_CONFIG_UPDATES',
    ...Object.entries(options.env ?? {}).map(([name, value]) => `--env=${name}=${value}`),
    '--memory=1g',
    '--cpus=2',
    '--platform=linux/amd64',
    `--label=image=${options.image}`,
    `--label=task-name=${options.taskName}`,
    `--label=task-type=${options.taskType}`,
    options.image,
  ];
}

export async function dockerCommand(
  image: string,
  protocol: ConnectorProtocol,
  options: ResolveOptions,
): Promise<ConnectorCommand> {
  const docker = process.env['DOCKER_CLI'] ?? 'docker';
  let inspection: ImageInspection;
  try {
    if (!image.endsWith(':local')) await run(docker, ['pull', '--quiet', '--platform=linux/amd64', image]);
    const { stdout } = await run(docker, ['inspect', '--type=image', image], { maxBuffer: 1 << 24 });
    inspection = readInspection(stdout);
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw errors.CONNECTOR_START_FAILED({
      message: `${docker} cannot provide the image ${image}: ${reason.trim()}`,
      fix: 'Check that docker or podman runs (DOCKER_CLI names the program) and that the image exists.',
      cause,
    });
  }
  if (inspection.protocol !== protocol) {
    throw errors.CONNECTOR_WRONG_KIND({
      message: `The image ${image} has the label FLOW_RUNTIME_PROTOCOL="${inspection.protocol}", but "${protocol}" is needed.`,
    });
  }
  return {
    description: image,
    connectorType: 'IMAGE',
    program: docker,
    arguments: dockerRunArguments({
      image,
      network: options.network ?? 'bridge',
      logLevel: options.logLevel ?? 'info',
      taskName: options.taskName ?? '',
      taskType: protocol,
      codec: inspection.codec,
      ...(options.env === undefined ? {} : { env: options.env }),
    }),
    env: {},
    codec: inspection.codec,
    container: true,
  };
}
