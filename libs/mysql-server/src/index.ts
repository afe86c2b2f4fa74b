export { debianMariadb } from './debian-mariadb.ts';
export { debianMysql, unpackMysql } from './debian-mysql.ts';
export { MysqlServer, MysqlServerError } from './mysql-server.ts';
export type { ServerOptions } from './mysql-server.ts';
export type { Flavour, ServerProgram } from './server-program.ts';
export { templateData } from './template-data.ts';
