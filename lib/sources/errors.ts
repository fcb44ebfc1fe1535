import { EventSourcingError } from '../core/errors.js';
import { insteadOf } from './entity-calls.js';
import type { SourceReason, WriteReason } from './source-context.js';

/** A model event source threw, or yielded what is no event; `cause` is the error. */
export class SourceFailedError extends EventSourcingError {
  readonly code = 'SOURCE_FAILED';

  constructor(
    readonly source: string,
    readonly entity: string,
    /** The primary key; an object where it has several columns. */
    readonly id: unknown,
    readonly reason: SourceReason,
    override readonly cause: unknown,
  ) {
    const what = cause instanceof Error ? cause.message : String(cause);
    const consequence =
      reason === 'rescan'
        ? 'The re-scan passes over this row.'
        : 'The write that ran it fails with it: nothing was recorded.';
    super(`Model event source "${source}" failed on ${entity} ${show(id)}: ${what} ${consequence}`, {
      cause,
    });
  }
}

function show(id: unknown): string {
  if (typeof id !== 'object') return String(id);
  return JSON.stringify(id, (_, value: unknown) => (typeof value === 'bigint' ? String(value) : value));
}

/** Two model event sources have the same name. */
export class DuplicateSourceError extends EventSourcingError {
  readonly code = 'DUPLICATE_SOURCE';

  constructor(
    readonly source: string,
    readonly first: string,
    readonly second: string,
  ) {
    super(
      `Two model event sources are named "${source}": ${first} and ${second}. ` +
        `Expected each name once; give one of them another with @ModelEventSource(…, { name }).`,
    );
  }
}

/** A class was named that is no entity of the DataSource, nor a base class of one. */
export class UnknownEntityError extends EventSourcingError {
  readonly code = 'UNKNOWN_ENTITY';

  constructor(
    readonly entity: string,
    readonly where: string,
    readonly known: readonly string[],
  ) {
    super(
      `${where}: expected an entity of the DataSource, got ${entity}. Entities it has: ${known.join(', ') || 'none'}. ` +
        `Add it to the DataSource's entities, or to TypeOrmModule.forFeature with autoLoadEntities.`,
    );
  }
}

/** A write reached no source because it gave no whole entity, and `bulkWrites` is `'throw'`. */
export class BulkWriteError extends EventSourcingError {
  readonly code = 'BULK_WRITE';

  constructor(
    readonly entity: string,
    readonly write: WriteReason,
    readonly sources: readonly string[],
    /** Whether the write had been made when it was noticed. */
    readonly written: boolean,
    /** Whether it was made inside of a transaction; what was written there cannot be committed. */
    readonly inTransaction: boolean,
  ) {
    super(
      `A bulk ${write} of ${entity} would pass by its model event sources (${sources.join(', ')}), which need whole entities. ` +
        `${consequence(written, inTransaction)} ${insteadOf(write)}, or set bulkWrites to 'rescan' or 'ignore'.` +
        (write === 'insert' && !inTransaction
          ? ' A save() with { transaction: false } outside of a transaction counts as a bulk insert: leave that option out.'
          : ''),
    );
  }
}

function consequence(written: boolean, inTransaction: boolean): string {
  if (!written) return 'Nothing was written.';
  return inTransaction
    ? 'It had been written when this was noticed: its transaction cannot be committed, roll it back.'
    : 'It had been written when this was noticed, outside of a transaction: it stands.';
}
