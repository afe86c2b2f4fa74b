// The config that a connector is sent. One with a top-level `sops` object is encrypted: the program `sops` opens it, and
// the suffix that marks encrypted properties (by convention `_sops`) is taken off their names.

import { spawn } from 'node:child_process';
import type { JsonText } from '@weir/protocol';
import { isJsonObject, parseJson, stringifyJson } from '@weir/schema';
import type { JsonValue } from '@weir/schema';
import { errors } from '../errors.ts';
import type { Endpoint } from './model.ts';

export interface OpenedConfig {
  readonly config: JsonText;
  /** The texts and numbers that were encrypted: they are kept out of logs. */
  readonly secrets: readonly string[];
}

/** Runs `sops` on a document and gives what it prints. Injected by tests. */
export type Decrypt = (encrypted: JsonText) => Promise<JsonText>;

export async function decryptWithSops(encrypted: JsonText): Promise<JsonText> {
  const args = ['--decrypt', '--input-type', 'json', '--output-type', 'json', '/dev/stdin'];
  const child = spawn('sops', args, { stdio: ['pipe', 'pipe', 'pipe'] });
  const output: Buffer[] = [];
  const complaints: Buffer[] = [];
  child.stdout.on('data', (chunk: Buffer) => output.push(chunk));
  child.stderr.on('data', (chunk: Buffer) => complaints.push(chunk));
  child.stdin.on('error', () => {});
  const ended = Promise.withResolvers<number | null>();
  child.once('error', (cause: NodeJS.ErrnoException) => {
    const why = cause.code === 'ENOENT' ? 'the program `sops` is not installed' : cause.message;
    ended.reject(errors.CONFIG_DECRYPTION_FAILED({ message: `The config is encrypted, and ${why}.`, cause }));
  });
  child.once('close', ended.resolve);
  child.stdin.end(encrypted);
  const status = await ended.promise;
  if (status === 0) return Buffer.concat(output).toString('utf8');
  const said = Buffer.concat(complaints).toString('utf8').trim();
  throw errors.CONFIG_DECRYPTION_FAILED({ message: `sops could not decrypt the config: ${said}` });
}

/** What `sops` puts in the place of a value that it encrypts. */
const cipherMark = 'ENC[';

/** The scalars that stand where the encrypted document has ciphers, whichever rule chose them (suffix, regex, or all). */
function encryptedScalars(encrypted: JsonValue | undefined, opened: JsonValue | undefined): string[] {
  if (typeof encrypted === 'string' && encrypted.startsWith(cipherMark)) {
    return opened === undefined || opened === null || typeof opened === 'boolean' ? [] : [scalarText(opened)];
  }
  if (Array.isArray(encrypted) && Array.isArray(opened)) {
    return encrypted.flatMap((item, index) => encryptedScalars(item, opened[index]));
  }
  if (!isJsonObject(encrypted) || !isJsonObject(opened)) return [];
  return Object.entries(encrypted).flatMap(([key, member]) =>
    key === 'sops' ? [] : encryptedScalars(member, opened[key]),
  );
}

function scalarText(value: JsonValue): string {
  return typeof value === 'string' ? value : stringifyJson(value);
}

function stripSuffix(value: JsonValue, suffix: string): JsonValue {
  if (Array.isArray(value)) return value.map((item) => stripSuffix(item, suffix));
  if (!isJsonObject(value)) return value;
  const members = Object.entries(value).map(([key, member]): [string, JsonValue] => [
    key.endsWith(suffix) ? key.slice(0, -suffix.length) : key,
    stripSuffix(member, suffix),
  ]);
  return Object.fromEntries(members);
}

/** Errors: CONFIG_DECRYPTION_FAILED, CONFIG_SECRET_UNAVAILABLE. */
export async function openConfig(
  endpoint: Pick<Endpoint, 'config' | 'secrets'>,
  decrypt: Decrypt = decryptWithSops,
): Promise<OpenedConfig> {
  const pointers = Object.keys(endpoint.secrets);
  if (pointers.length > 0) {
    throw errors.CONFIG_SECRET_UNAVAILABLE({
      message: `The config takes ${pointers.join(', ')} from secrets of Flow's control plane.`,
    });
  }
  const config = parseJson(endpoint.config);
  const stanza = isJsonObject(config) ? config['sops'] : undefined;
  if (!isJsonObject(stanza)) return { config: endpoint.config, secrets: [] };
  const opened = await decrypt(endpoint.config);
  const document = parseJson(opened);
  const secrets = [...new Set(encryptedScalars(config, document))];
  const suffix = stanza['encrypted_suffix'];
  if (typeof suffix !== 'string' || suffix === '') return { config: opened, secrets };
  return { config: stringifyJson(stripSuffix(document, suffix)), secrets };
}
