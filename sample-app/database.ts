import type { TypeOrmModuleOptions } from '@nestjs/typeorm';
import libsql from 'libsql';

/**
 * Where the application keeps its data: a URL of PostgreSQL (`postgres://…`) or of MariaDB or MySQL (`mysql://…`, `mariadb://…`),
 * or the path of a SQLite file. A file needs no server and nothing to compile: libsql comes with ready binaries.
 */
export function databaseOptions(address: string, synchronize = true): TypeOrmModuleOptions {
  return { ...connection(address), synchronize, autoLoadEntities: true, retryAttempts: 0 };
}

function connection(address: string): TypeOrmModuleOptions {
  if (/^postgres(ql)?:/.test(address)) return { type: 'postgres', url: address };
  if (/^(mysql|mariadb):/.test(address)) return { type: 'mariadb', url: address };
  return { type: 'better-sqlite3', driver: libsql, database: address, enableWAL: true };
}
