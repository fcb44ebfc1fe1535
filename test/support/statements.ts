import { EventEmitter, once } from 'node:events';
import type { Logger } from 'typeorm';

/** Notes the statements of a DataSource: `{ logging: true, logger: statements }`. */
export class Statements extends EventEmitter implements Logger {
  readonly all: string[] = [];

  logQuery(statement: string): void {
    this.all.push(statement.replace(/\s+/g, ' ').trim());
    this.emit('statement');
  }

  logQueryError(): void {}
  logQuerySlow(): void {}
  logSchemaBuild(): void {}
  logMigration(): void {}
  log(): void {}

  matching(pattern: RegExp): string[] {
    return this.all.filter((statement) => pattern.test(statement));
  }

  /** Resolves when so many statements match. */
  async seen(pattern: RegExp, count = 1): Promise<void> {
    while (this.matching(pattern).length < count) await once(this, 'statement');
  }
}
