import type { Migration } from '../../ports/dialect.js';
import { log } from './migrations/0001-log.js';
import { append, dropAppend } from './migrations/0002-append.js';

/** Migrations only add: the previous release goes on while they are run, and after. */
export const migrations: readonly Migration[] = [
  { version: 1, name: 'log', statements: log },
  { version: 2, name: 'append', statements: append, undo: dropAppend },
];
