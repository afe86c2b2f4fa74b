import { defineErrors, type ErrorCatalogue } from '@weir/protocol';

export const catalogue = {
  HTTP_INGEST_PATH_UNBOUND: {
    summary: 'A path of the configuration has no binding, so that what is sent there would be refused.',
    fix: 'Discover the bindings again, or remove the path from /paths.',
    retry: 'never',
  },
  HTTP_INGEST_ORIGINS_INVALID: {
    summary: 'The origins that pages in browsers may send from are not usable.',
    fix: 'Write /allowedCorsOrigins as origins such as https://www.example.com. * stands alone, and not beside an auth token.',
    retry: 'never',
  },
  HTTP_INGEST_SIGNATURE_INVALID: {
    summary: 'How requests are signed is not described in full.',
    fix: 'A custom signature needs the key of its algorithm, and a template with {PAYLOAD} once, and {TIMESTAMP} once exactly if there is a header with the time.',
    retry: 'never',
  },
} as const satisfies ErrorCatalogue;

export const errors = defineErrors(catalogue);
