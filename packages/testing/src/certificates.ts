// Certificates for TLS tests, made by the `openssl` program in a temporary folder that is removed again.

import { spawnSync } from 'node:child_process';
import { chownSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { PostgresServer } from './postgres-server.ts';

/** PEM. */
export interface CertifiedKey {
  readonly certificate: string;
  readonly key: string;
}

export class CertificateAuthority implements Disposable {
  /** PEM. */
  readonly certificate: string;
  readonly #folder = mkdtempSync(join(tmpdir(), 'weir-tls-'));

  constructor(name: string) {
    const subject = ['-subj', `/CN=${name}`, '-days', '2', '-nodes', ...newKey('ca.key')];
    this.#openssl('req', '-x509', ...subject, '-out', 'ca.crt');
    this.certificate = this.#read('ca.crt');
  }

  /** `alternatives` as openssl has them: `DNS:localhost`, `IP:127.0.0.1`. */
  issue(commonName: string, alternatives: readonly string[] = []): CertifiedKey {
    const names = alternatives.length === 0 ? [] : ['-addext', `subjectAltName=${alternatives.join(',')}`];
    const request = ['-subj', `/CN=${commonName}`, '-nodes', ...names, ...newKey('issued.key')];
    this.#openssl('req', ...request, '-out', 'issued.csr');
    const signer = ['-CA', 'ca.crt', '-CAkey', 'ca.key', '-CAcreateserial', '-days', '2'];
    this.#openssl(
      'x509',
      '-req',
      '-in',
      'issued.csr',
      ...signer,
      '-copy_extensions',
      'copy',
      '-out',
      'issued.crt',
    );
    return { certificate: this.#read('issued.crt'), key: this.#read('issued.key') };
  }

  #openssl(...args: string[]): void {
    const result = spawnSync('openssl', args, { cwd: this.#folder, encoding: 'utf8' });
    if (result.status !== 0) throw new Error(`openssl ${args[0]} failed: ${result.stderr}`);
  }

  #read(name: string): string {
    return readFileSync(join(this.#folder, name), 'utf8');
  }

  [Symbol.dispose](): void {
    rmSync(this.#folder, { recursive: true, force: true });
  }
}

function newKey(file: string): readonly string[] {
  return ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-keyout', file];
}

/** Turns TLS on, with the access rules given (lines of pg_hba.conf), and waits until the server has it. */
export async function serveTls(
  server: PostgresServer,
  identity: CertifiedKey,
  clientAuthority: string,
  accessRules: string,
): Promise<void> {
  const { uid, gid } = statSync(server.dataDirectory);
  const files = {
    'server.crt': identity.certificate,
    'server.key': identity.key,
    'clients.crt': clientAuthority,
  };
  for (const [name, content] of Object.entries(files)) {
    const path = join(server.dataDirectory, name);
    writeFileSync(path, content, { mode: 0o600 });
    chownSync(path, uid, gid);
  }
  writeFileSync(join(server.dataDirectory, 'pg_hba.conf'), accessRules);
  await server.query("ALTER SYSTEM SET ssl_ca_file = 'clients.crt'");
  await server.query('ALTER SYSTEM SET ssl = on');
  await server.stop();
  await server.start();
}
