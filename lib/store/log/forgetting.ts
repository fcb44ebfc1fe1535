import { EventSourcingError, InvalidOptionError } from '../../core/errors.js';
import { FORGETTING_PREFIX } from '../../core/event-input.js';
import type { SubjectKeyStore } from '../../payload/subject-keys.js';
import type { SubjectKeyring } from '../../payload/subject-keyring.js';
import type { Database } from '../db/database.js';
import type { Sql } from '../ports/sql.js';
import type { EventLogStore } from './event-log-store.js';
import type { Emission } from './event-recorder.js';
import { checkedSubject } from './personal-emissions.js';
import type { PersonalRules } from './personal-rules.js';

/** The groups of the events that tell of a forgetting. */
const REQUESTED = 'forgetting.Requested';
const FORGOTTEN = 'forgetting.Forgotten';

/** Forgettings that one look goes on with. */
const MOST = 100;

/** What came of `forget`. */
export interface ForgettingReport {
  readonly subject: string;
  /** False where another call had requested it before: then this one did what was left to do of it, if anything. */
  readonly requested: boolean;
}

/** A subject was to be forgotten within a transaction, whose rollback would have brought the key back. Nothing was done. */
export class ForgettingInTransactionError extends EventSourcingError {
  readonly code = 'FORGETTING_IN_TRANSACTION';

  constructor(readonly subject: string) {
    super(
      `The subject "${subject}" cannot be forgotten within a transaction: a rollback would bring its key back. Nothing was done. ` +
        'Call forget() after the transaction, such as in a handler of an event that it recorded.',
    );
  }
}

export interface ForgettingParts {
  database: Database;
  store: Pick<EventLogStore, 'record'>;
  subjectKeys: Pick<SubjectKeyStore, 'destroy'>;
  keyring: Pick<SubjectKeyring, 'drop'>;
  rules: Pick<PersonalRules, 'isEmpty'>;
}

/** Forgets data subjects: what is personal to one in any event can be read by nobody any more. */
export class Forgetting {
  constructor(private readonly parts: ForgettingParts) {}

  /**
   * Forgets one person for good: an event that it was requested, the destruction of the key, an event that it was done
   * (`forgetting.Requested`, `forgetting.Forgotten`, with `{ subject }`). Resolves when all three are done. It may be called
   * again, after a crash as well; what an earlier call has done stays done. Throws `InvalidOptionError`, and
   * `ForgettingInTransactionError`.
   */
  async forget(subject: string | number | bigint): Promise<ForgettingReport> {
    const text = checkedSubject(
      subject,
      (expected, actual) => new InvalidOptionError('subject', expected, actual, 'Forgetting.forget'),
    );
    if (this.parts.database.joined()) throw new ForgettingInTransactionError(text);
    const requested = await this.request(text);
    await this.finish(text);
    return { subject: text, requested };
  }

  /**
   * Goes on with what was requested and is not done, as after a crash; upkeep calls it by itself, once a minute. Resolves
   * to the number of subjects that were forgotten. One that fails keeps no other.
   */
  async resume(): Promise<number> {
    const { database, rules } = this.parts;
    // Such a process may have tables of an earlier version.
    if (rules.isEmpty) return 0;
    const statement = `SELECT subject FROM ${database.tables.forgetting} ORDER BY requested_at LIMIT ${MOST}`;
    const rows = await database.run((sql) => sql.rows<{ subject: string }>(statement));
    const failures: unknown[] = [];
    for (const { subject } of rows)
      await this.finish(subject).catch((error: unknown) => void failures.push(error));
    if (failures.length > 0) throw failures[0];
    return rows.length;
  }

  private request(subject: string): Promise<boolean> {
    const { database } = this.parts;
    const { tables, dialect, clock } = database;
    const insert = dialect.syntax.insertNew(tables.forgetting, ['subject', 'requested_at']);
    return database.transaction(async (sql) => {
      await sql.change(insert, [subject, clock.now().getTime()]);
      return this.record(sql, REQUESTED, subject);
    });
  }

  private async finish(subject: string): Promise<void> {
    const { database, subjectKeys, keyring } = this.parts;
    await subjectKeys.destroy(subject);
    keyring.drop(subject);
    await database.transaction(async (sql) => {
      await sql.change(`DELETE FROM ${database.tables.forgetting} WHERE subject = ?`, [subject]);
      await this.record(sql, FORGOTTEN, subject);
    });
  }

  /** False where it had been recorded before. */
  private async record(sql: Sql, group: string, subject: string): Promise<boolean> {
    const key = `${FORGETTING_PREFIX}${group === REQUESTED ? 'requested' : 'forgotten'}:${subject}`;
    const input = { group, key, data: { subject } };
    const emission: Emission = { input, source: 'Forgetting.forget', forgetting: true };
    const [result] = await this.parts.store.record([emission], sql.runner);
    return result!.recorded;
  }
}
