import type { Logger } from '@weir/connector';

const ignore = (): void => undefined;

export const silentLog: Logger = {
  trace: ignore,
  debug: ignore,
  info: ignore,
  warn: ignore,
  error: ignore,
  status: ignore,
  configUpdate: ignore,
  with: () => silentLog,
};
