import { errors as connectorErrors } from '@weir/connector';
import type { WeirError } from '@weir/protocol';
import { errors } from './errors.ts';

/** The error of a request, or of the end of stdin, that may not come now. */
export function unexpected(request: { readonly kind: string } | undefined, expected: string): WeirError {
  if (request === undefined) {
    return errors.MATERIALIZE_ENDED_EARLY({
      message: `The runtime closed the stream within a transaction, when ${expected} was to come.`,
    });
  }
  return connectorErrors.CONNECTOR_UNEXPECTED_REQUEST({
    message: `The runtime sent "${request.kind}" when ${expected} was to come.`,
  });
}
