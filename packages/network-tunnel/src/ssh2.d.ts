// The part of ssh2 that the tunnel uses. The package `@types/ssh2` is not used: it brings the types of another Node.

declare module 'ssh2' {
  import type { EventEmitter } from 'node:events';
  import type { Duplex } from 'node:stream';

  export interface ConnectConfig {
    readonly host: string;
    readonly port: number;
    readonly username: string;
    readonly privateKey: string;
    readonly readyTimeout: number;
    readonly keepaliveInterval: number;
    readonly keepaliveCountMax: number;
    readonly algorithms?: { readonly serverHostKey: readonly string[] };
    /** Is given the key as the wire has it, and says whether to go on. */
    readonly hostVerifier: (key: Buffer) => boolean;
  }

  /** `level` says where it went wrong: client-socket, client-timeout, client-authentication, handshake, protocol… */
  export interface ClientError extends Error {
    readonly level?: string;
    readonly code?: string | number;
  }

  /** `reason` is the number of SSH_MSG_CHANNEL_OPEN_FAILURE (RFC 4254, section 5.1). */
  export interface ChannelOpenError extends Error {
    readonly reason?: number | string;
  }

  interface ClientEvents {
    ready: [];
    error: [ClientError];
    close: [];
  }

  class Client extends EventEmitter<ClientEvents> {
    connect(config: ConnectConfig): this;
    forwardOut(
      sourceHost: string,
      sourcePort: number,
      host: string,
      port: number,
      callback: (error: ChannelOpenError | undefined, channel: Duplex) => void,
    ): this;
    setNoDelay(noDelay: boolean): this;
    end(): this;
    destroy(): this;
  }

  export interface ParsedKey {
    readonly type: string;
    isPrivateKey(): boolean;
  }

  /** A file may hold several keys. */
  export type ParseKey = (key: string) => ParsedKey | readonly ParsedKey[] | Error;

  const ssh2: {
    readonly Client: typeof Client;
    readonly utils: { readonly parseKey: ParseKey };
  };
  export default ssh2;
  export type { Client };
}
