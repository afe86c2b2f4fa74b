// From the configured signature to its check.

import {
  ecdsa,
  hmac,
  knock,
  sendgrid,
  type SignedRequest,
  type Verification,
  type WebhookRequest,
  zoom,
} from '@weir/cdk';
import { errors } from './errors.ts';
import type { SignatureConfig } from './spec.ts';

export function verificationOf(config: SignatureConfig | undefined): Verification | undefined {
  switch (config?.provider) {
    case undefined:
    case 'none':
      return undefined;
    case 'twilio':
      return sendgrid(config.publicKey, config.maxSignatureAge);
    case 'zoom':
      return zoom(config.secret, config.maxSignatureAge);
    case 'knock':
      return knock(config.secret, config.maxSignatureAge);
    case 'custom':
      return custom(config);
  }
}

function custom(config: Extract<SignatureConfig, { provider: 'custom' }>): Verification {
  const { algorithm, secret, publicKey, timestampHeader = '', maxSignatureAge } = config;
  const hasTime = timestampHeader !== '';
  const request: SignedRequest = {
    encoding: config.signatureEncoding,
    maxAgeS: maxSignatureAge,
    signatures: header(config.signatureHeader),
    ...(hasTime ? { timestamp: (received) => header(timestampHeader)(received)[0] } : {}),
    signed: signedBy(config.signingStringTemplate ?? '', hasTime),
  };
  if (algorithm === 'ecdsa') {
    if (publicKey === undefined) throw invalid('ECDSA needs a public key');
    return ecdsa({ ...request, publicKey });
  }
  if (secret === undefined) throw invalid('HMAC needs a secret');
  return hmac({ ...request, secret });
}

function header(name: string): (request: WebhookRequest) => readonly string[] {
  const lower = name.toLowerCase();
  return ({ headers }) => (headers[lower] === undefined ? [] : [headers[lower]]);
}

/** The pieces of a template, of which those in braces are filled in. */
function signedBy(configured: string, hasTime: boolean): NonNullable<SignedRequest['signed']> {
  const template = configured === '' ? (hasTime ? '{TIMESTAMP}{PAYLOAD}' : '{PAYLOAD}') : configured;
  const pieces = template.split(/(\{PAYLOAD\}|\{TIMESTAMP\})/);
  const count = (name: string): number => pieces.filter((piece) => piece === name).length;
  if (count('{PAYLOAD}') !== 1) throw invalid('the template has to hold {PAYLOAD} exactly once');
  if (count('{TIMESTAMP}') !== (hasTime ? 1 : 0)) {
    throw invalid(
      hasTime
        ? 'the template has to hold {TIMESTAMP} exactly once, as there is a header with the time'
        : 'the template holds {TIMESTAMP}, and there is no header with the time',
    );
  }
  return ({ body }, timestamp) =>
    pieces.map((piece) => (piece === '{PAYLOAD}' ? body : piece === '{TIMESTAMP}' ? timestamp : piece));
}

function invalid(why: string): Error {
  return errors.HTTP_INGEST_SIGNATURE_INVALID({ message: `The custom signature cannot be checked: ${why}.` });
}
