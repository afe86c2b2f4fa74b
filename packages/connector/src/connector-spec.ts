import type { OAuth2 } from '@weir/protocol';
import type { Field } from '@weir/schema/config';

/** A JSON schema as data. Its property order is what people see, so it is never re-sorted. */
export type JsonSchema = object;

/** What a connector says about itself before it is configured. */
export interface ConnectorSpec<Config, Resource> {
  readonly configSchema: Field<Config>;
  readonly resourceSchema: Field<Resource>;
  readonly documentationUrl: string;
  readonly oauth2?: OAuth2;
}

/** Where the documentation of a connector is; `DOCS_URL` of the environment wins. */
export function documentationUrl(
  spec: Pick<ConnectorSpec<unknown, unknown>, 'documentationUrl'>,
  env: Readonly<Record<string, string | undefined>>,
): string {
  const override = env['DOCS_URL'];
  return override === undefined || override === '' ? spec.documentationUrl : override;
}
