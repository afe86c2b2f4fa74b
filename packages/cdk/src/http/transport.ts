// How a request reaches a server. The client above it knows of limits, retries and credentials; a transport only sends.

export interface TransportRequest {
  readonly method: string;
  readonly url: URL;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string | undefined;
  readonly signal: AbortSignal;
}

/** Names in lower case. */
export type ResponseHeaders = Readonly<Record<string, string | undefined>>;

export interface TransportResponse {
  readonly status: number;
  readonly headers: ResponseHeaders;
  /** Decompressed. Has to be read to its end or ended early. */
  readonly body: AsyncIterable<Uint8Array>;
}

/** Throws whatever the network does. */
export type Transport = (request: TransportRequest) => Promise<TransportResponse>;
