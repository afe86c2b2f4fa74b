export { renderTemplate, type TemplateValues } from './template.ts';
export { authorizationUrl, mappedAnswer, tokenRequest, type TokenRequest } from './token-exchange.ts';
