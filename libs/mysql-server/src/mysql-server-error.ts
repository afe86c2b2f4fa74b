export class MysqlServerError extends Error {
  override name = 'MysqlServerError';
}
