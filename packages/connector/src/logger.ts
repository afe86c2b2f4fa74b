import {
  formatLog,
  isEnabled,
  parseLogFormat,
  parseLogLevel,
  type LogFields,
  type LogFormat,
  type LogLevel,
} from './log-format.ts';

export interface Logger {
  trace(message: string, fields?: LogFields): void;
  debug(message: string, fields?: LogFields): void;
  info(message: string, fields?: LogFields): void;
  warn(message: string, fields?: LogFields): void;
  error(message: string, fields?: LogFields): void;
  /**
   * The one line about what the task is doing that its owner sees. Saying the same again is not logged again.
   * `caughtUp`: whether everything that the source held has been sent; a run that is to stop then waits for it. To be left
   * out by a connector that never knows.
   */
  status(message: string, caughtUp?: boolean): void;
  /**
   * The whole endpoint configuration as it is from now on, for whoever runs the connector to keep: a token was renewed.
   * Written at any level, and only in the format that programs read: it holds secrets.
   */
  configUpdate(config: object): void;
  /** A logger that adds these fields to every line. */
  with(fields: LogFields): Logger;
}

export interface LogSettings {
  readonly level: LogLevel;
  readonly format: LogFormat;
  /** Takes one line without its newline. */
  readonly writeLine: (line: string) => void;
  readonly now: () => Date;
}

export function logSettings(
  env: Readonly<Record<string, string | undefined>>,
  isTerminal: boolean,
  writeLine: (line: string) => void,
): LogSettings {
  return {
    level: parseLogLevel(env['LOG_LEVEL']),
    format: parseLogFormat(env['LOG_FORMAT'], isTerminal, env['NO_COLOR'] ?? ''),
    writeLine,
    now: () => new Date(),
  };
}

const CONFIG_UPDATE = 'the configuration has changed';

export function createLogger(settings: LogSettings): Logger {
  const lastStatus = { message: '' };
  return loggerWith(settings, {}, lastStatus);
}

function loggerWith(settings: LogSettings, common: LogFields, lastStatus: { message: string }): Logger {
  const log = (level: LogLevel, message: string, fields: LogFields = {}): void => {
    if (!isEnabled(level, settings.level)) return;
    const record = { at: settings.now(), level, message, fields: { ...common, ...fields } };
    settings.writeLine(formatLog(record, settings.format));
  };
  return {
    trace: (message, fields) => log('trace', message, fields),
    debug: (message, fields) => log('debug', message, fields),
    info: (message, fields) => log('info', message, fields),
    warn: (message, fields) => log('warn', message, fields),
    error: (message, fields) => log('error', message, fields),
    status: (message, caughtUp) => {
      const said = caughtUp === undefined ? message : `${caughtUp} ${message}`;
      if (said === lastStatus.message) return;
      lastStatus.message = said;
      log('info', message, {
        eventType: 'connectorStatus',
        ...(caughtUp === undefined ? {} : { caughtUp }),
      });
    },
    configUpdate: (config) => {
      if (settings.format !== 'json') return log('info', CONFIG_UPDATE);
      const fields = { eventType: 'configUpdate', config };
      settings.writeLine(
        formatLog({ at: settings.now(), level: 'info', message: CONFIG_UPDATE, fields }, 'json'),
      );
    },
    with: (fields) => loggerWith(settings, { ...common, ...fields }, lastStatus),
  };
}
