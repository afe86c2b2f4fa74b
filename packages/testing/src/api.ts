export { testApi, type ApiTests } from './api-tests.ts';
export { convergeInTurns, type InTurns } from './converge-in-turns.ts';
export { CaptureHost, type HostedBinding, type HostedDocument, type HostOptions } from './capture-host.ts';
export { type SenderAnswer, WebhookHost } from './webhook-host.ts';
