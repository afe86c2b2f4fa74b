// A capture as a runtime takes it: the documents of a checkpoint are committed with it, and never without.

import type { CaptureBindingSpec, CaptureSpec } from '@weir/protocol';
import type { ConnectorDriver } from './connector-driver.ts';

export interface CaptureCommit {
  /** Empty when they are not kept. */
  readonly documents: readonly { readonly binding: number; readonly text: string }[];
  /** Documents of this session up to here. */
  readonly count: number;
  /** The merge patch of the state, as it came. */
  readonly patch: string;
}

export interface CaptureCommitOptions {
  /** True by default. */
  readonly keepsDocuments?: boolean;
  readonly onSchema?: (binding: number, schema: string) => void;
}

/** Every commit of an open capture until its process ends or breaks its output off. */
export async function* captureCommits(
  driver: ConnectorDriver<'capture'>,
  { keepsDocuments = true, onSchema }: CaptureCommitOptions = {},
): AsyncGenerator<CaptureCommit, void, void> {
  let documents: { binding: number; text: string }[] = [];
  let count = 0;
  for (;;) {
    const response = await driver.receive().catch(() => undefined);
    if (response === undefined) return;
    if (response.kind === 'captured') {
      count += 1;
      if (keepsDocuments) documents.push({ binding: response.binding, text: response.doc.toString() });
    } else if (response.kind === 'sourcedSchema') {
      onSchema?.(response.binding, response.schema);
    } else if (response.kind === 'checkpoint') {
      yield { documents, count, patch: response.state.updated };
      documents = [];
    }
  }
}

/** The last error that the connector logged, as `CODE: message`; complete once it has exited. */
export function loggedError(driver: ConnectorDriver<'capture'>): string | undefined {
  const last = driver.logs.findLast((log) => log.level === 'error');
  return last === undefined ? undefined : `${String(last.fields['code'])}: ${last.message}`;
}

export interface TestBinding {
  readonly resource: object;
  readonly path: readonly string[];
  readonly key: readonly string[];
  readonly documentSchema: string;
  readonly collection?: string | undefined;
  readonly backfill?: number | undefined;
  readonly projections?: CaptureBindingSpec['collection']['projections'];
}

/** A capture named acme/pg whose collections are named after the paths of their resources. */
export function captureSpecOf(config: object, bindings: readonly TestBinding[]): CaptureSpec {
  return {
    name: 'acme/pg',
    connectorType: 'IMAGE',
    config: JSON.stringify(config),
    intervalSeconds: 0,
    inactiveBindings: [],
    bindings: bindings.map(({ resource, path, key, documentSchema, ...binding }) => {
      const { backfill = 0, projections = [], collection = `acme/${path.join('/')}` } = binding;
      const version = backfill === 0 ? '' : `.v${backfill}`;
      return {
        resourceConfig: JSON.stringify(resource),
        resourcePath: path,
        backfill,
        stateKey: `${path.map(encodeURIComponent).join('%2F')}${version}`,
        collection: {
          name: collection,
          key,
          uuidPtr: '/_meta/uuid',
          partitionFields: [],
          projections,
          writeSchema: documentSchema,
        },
      };
    }),
  };
}
