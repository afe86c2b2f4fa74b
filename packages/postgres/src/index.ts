export * from './connection/index.ts';
export * from './values/index.ts';
