export {
  asanaHandshake,
  graphValidation,
  metaSubscription,
  okta,
  slackVerification,
  zoomValidation,
} from './challenges.ts';
export type { Challenge } from './challenges.ts';
export { collectionCheck } from './collection-check.ts';
export { CrossOrigin } from './cors.ts';
export {
  github,
  hubspot,
  knock,
  sendgrid,
  shopify,
  slack,
  standardWebhooks,
  stripe,
  twilio,
  zendesk,
  zoom,
} from './signatures.ts';
export { matchPath, urlPattern } from './url-pattern.ts';
export type { UrlPattern } from './url-pattern.ts';
export { basicPassword, ecdsa, headerSecret, hmac, readPublicKey, sameText } from './verification.ts';
export type { EcdsaSignature, HmacSignature, SignedRequest, Verification } from './verification.ts';
export { WebhookApp } from './webhook-app.ts';
export type {
  WebhookAppOptions,
  WebhookBinding,
  WebhookDocument,
  WebhookHead,
  WebhookId,
} from './webhook-app.ts';
export { defineWebhooks, webhookCapture } from './webhook-capture.ts';
export type { WebhookSource } from './webhook-capture.ts';
export { webhook } from './webhook-definition.ts';
export type { WebhookDefinition, WebhookOptions, Webhooks } from './webhook-definition.ts';
export { jsonAnswer, textAnswer, WebhookRefusal } from './webhook-request.ts';
export type { WebhookAnswer, WebhookRequest } from './webhook-request.ts';
export { WebhookRouter } from './webhook-route.ts';
export type { WebhookMatch } from './webhook-route.ts';
export { WEBHOOK_PORT, WebhookServer, webhookLimits } from './webhook-server.ts';
export type { WebhookLimits, WebhookListener, WebhookServerOptions } from './webhook-server.ts';
