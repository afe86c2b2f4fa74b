// From a catalog's endpoint to the program to run: an `endpoint.local` names it, an `endpoint.connector` names an image,
// whose last path component is looked up among the built-in connectors and their variants, or which docker or podman runs.

import { existsSync, globSync, readFileSync } from 'node:fs';
import { basename, delimiter, dirname, join, resolve } from 'node:path';
import type { CodecName } from '@weir/protocol';
import { didYouMean } from '../catalog/did-you-mean.ts';
import { errors } from '../errors.ts';
import { dockerCommand } from './docker.ts';

export type ConnectorProtocol = 'capture' | 'materialize';

/** Where a task's connector is found; its config is not part of it. */
export type ConnectorSource =
  | {
      readonly kind: 'local';
      readonly command: readonly string[];
      readonly env: Readonly<Record<string, string>>;
      readonly protobuf: boolean;
    }
  | { readonly kind: 'image'; readonly image: string };

/** A program that speaks the protocol on its stdin and stdout. */
export interface ConnectorCommand {
  /** How messages name the connector. */
  readonly description: string;
  readonly connectorType: 'IMAGE' | 'LOCAL';
  readonly program: string;
  readonly arguments: readonly string[];
  /** Added to the environment of this process. */
  readonly env: Readonly<Record<string, string>>;
  readonly codec: CodecName;
  /** The program is docker or podman: each start gets a container name of its own, by which it can be removed. */
  readonly container?: boolean;
}

export interface ResolveOptions {
  /** `builtin` (default): images are names of built-in connectors. `docker`: the real image is pulled and run. */
  readonly imageMode?: 'builtin' | 'docker';
  /** Folders that hold built-in connectors, the first of a name first; `defaultConnectorFolders` when absent. */
  readonly connectorFolders?: readonly string[];
  /** The name of the task, for labels of containers. */
  readonly taskName?: string;
  readonly logLevel?: string;
  /** The network of containers; default `bridge`. */
  readonly network?: string;
  /** Added to the environment of the connector; the catalog's `endpoint.local.env` wins. */
  readonly env?: Readonly<Record<string, string>>;
}

const projectFolder = join(import.meta.dirname, '..', '..', '..', '..');

/** Those that WEIR_CONNECTORS names, one after another as in PATH, and then this project's. */
export const defaultConnectorFolders: readonly string[] = [
  ...(process.env['WEIR_CONNECTORS'] ?? '')
    .split(delimiter)
    .filter((folder) => folder !== '')
    .map((folder) => resolve(folder)),
  join(projectFolder, 'connectors'),
];

/** Node keeps compiled sources here, which halves the time that a connector or the thread of a task takes to start. */
export function compileCache(): string {
  return process.env['NODE_COMPILE_CACHE'] ?? join(projectFolder, 'node_modules', '.cache', 'weir');
}

const quickImports = new URL('../host/quick-imports.ts', import.meta.url).href;

/**
 * How Node runs a built-in connector. By itself it lets the young generation grow to 100 MiB and more before it looks through
 * it, and buffers that nobody needs wait for that, outside of its heap.
 */
export const connectorNodeFlags: readonly string[] = ['--max-semi-space-size=4', '--import', quickImports];

/** `ghcr.io/estuary/source-postgres:v3@sha256:…` → `source-postgres`. */
export function imageName(image: string): string {
  const [path = ''] = image.split('@');
  return basename(path).replace(/:[^:]*$/, '');
}

interface Labels {
  readonly description: string;
  /** Of the image that it stands for. */
  readonly tag: string;
  readonly protocol: string;
  readonly codec: CodecName;
  /** Other images that are the same connector. */
  readonly variants: readonly string[];
}

function labelsOf(folder: string): Labels {
  const manifest = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')) as {
    description?: string;
    weir?: { tag?: string; labels?: Record<string, string>; variants?: readonly string[] };
  };
  const labels = manifest.weir?.labels ?? {};
  return {
    description: manifest.description ?? '',
    tag: manifest.weir?.tag ?? 'dev',
    protocol: labels['FLOW_RUNTIME_PROTOCOL'] ?? '',
    codec: labels['FLOW_RUNTIME_CODEC'] === 'json' ? 'json' : 'proto',
    variants: manifest.weir?.variants ?? [],
  };
}

function connectorsIn(folders: readonly string[]): string[] {
  return folders.flatMap((folder) =>
    globSync('*/package.json', { cwd: folder }).map((path) => join(folder, dirname(path))),
  );
}

/** The folder of a connector, by its own name or by that of a variant. */
function folderOf(name: string, folders: readonly string[]): string | undefined {
  if (!/^[\w.-]+$/.test(name)) return undefined;
  const own = folders
    .map((folder) => join(folder, name))
    .find((folder) => existsSync(join(folder, 'package.json')));
  return own ?? connectorsIn(folders).find((folder) => labelsOf(folder).variants.includes(name));
}

/** The names of the built-in connectors of one kind, sorted. */
export function builtInConnectors(
  protocol: ConnectorProtocol,
  folders: readonly string[] = defaultConnectorFolders,
): string[] {
  return connectorsIn(folders)
    .filter((folder) => labelsOf(folder).protocol === protocol)
    .map((folder) => basename(folder))
    .sort();
}

export interface BuiltInImage {
  /** As a catalog names it: `ghcr.io/estuary/source-postgres:v3`. */
  readonly image: string;
  /** What it is, in a line. */
  readonly description: string;
}

/** The image that a built-in connector, or a variant of one, stands for; undefined for any other name. */
export function builtInImage(
  name: string,
  folders: readonly string[] = defaultConnectorFolders,
): BuiltInImage | undefined {
  const folder = folderOf(name, folders);
  if (folder === undefined) return undefined;
  const { description, tag } = labelsOf(folder);
  return { image: `ghcr.io/estuary/${name}:${tag}`, description };
}

function builtInCommand(
  image: string,
  protocol: ConnectorProtocol,
  options: ResolveOptions,
): ConnectorCommand {
  const folders = options.connectorFolders ?? defaultConnectorFolders;
  const name = imageName(image);
  const folder = folderOf(name, folders);
  if (folder === undefined) {
    const known = builtInConnectors(protocol, folders);
    const longer = known.find((each) => each.startsWith(`${name}-`));
    const meant = longer === undefined ? didYouMean(name, known) : ` Did you mean "${longer}"?`;
    const missing = folders.filter((each) => !existsSync(each)).map((each) => ` There is no folder ${each}.`);
    throw errors.CONNECTOR_UNKNOWN({
      message: `The image ${image} is not a built-in connector.${meant}${missing.join('')}`,
      fix: `Built-in connectors for a ${protocol === 'capture' ? 'capture' : 'materialization'}: ${known.join(', ') || 'none'}. To run the real image through docker or podman, add --image-mode docker.`,
    });
  }
  const labels = labelsOf(folder);
  if (labels.protocol !== protocol) {
    throw errors.CONNECTOR_WRONG_KIND({
      message: `The connector ${name} speaks the protocol "${labels.protocol}", but is used where "${protocol}" is needed.`,
    });
  }
  return {
    description: name,
    connectorType: 'IMAGE',
    program: process.execPath,
    arguments: [...connectorNodeFlags, join(folder, 'src', 'main.ts')],
    env: {
      ...options.env,
      FLOW_RUNTIME_CODEC: labels.codec,
      LOG_FORMAT: 'json',
      NODE_COMPILE_CACHE: compileCache(),
    },
    codec: labels.codec,
  };
}

/** Errors: CONNECTOR_UNKNOWN, CONNECTOR_WRONG_KIND, CONNECTOR_START_FAILED (docker mode). */
export async function resolveConnector(
  source: ConnectorSource,
  protocol: ConnectorProtocol,
  options: ResolveOptions = {},
): Promise<ConnectorCommand> {
  if (source.kind === 'image') {
    return options.imageMode === 'docker'
      ? await dockerCommand(source.image, protocol, options)
      : builtInCommand(source.image, protocol, options);
  }
  const [program = '', ...rest] = source.command;
  return {
    description: `"${source.command.join(' ')}"`,
    connectorType: 'LOCAL',
    program,
    arguments: rest,
    env: { ...options.env, ...source.env },
    codec: source.protobuf ? 'proto' : 'json',
  };
}
