import { randomBytes } from 'node:crypto';
import type { QueryRunner } from 'typeorm';
import type { CheckedKey } from '../../payload/encryption-options.js';
import { AesGcm } from '../../payload/aes-gcm.js';
import { InvalidSubjectKeyError, type SubjectKey, type SubjectKeyStore } from '../../payload/subject-keys.js';
import { UnknownKeyError } from '../../payload/errors.js';
import type { ControlConnection } from '../db/control-connection.js';
import type { Database } from '../db/database.js';
import { chunks, marks, type Row, type Sql } from '../ports/sql.js';

const COLUMNS = ['subject', 'key_id', 'secret', 'wrapped_by', 'created_at', 'erased_at'] as const;
const SECRET = 32;
const ID = 12;
/** Subjects that one statement asks for. */
const MOST = 500;

export interface SubjectKeyTableParts {
  database: Database;
  control: Pick<ControlConnection, 'run'>;
  /** Keys are wrapped with it; undefined: they are stored as they are. */
  masterKey: CheckedKey | undefined;
  /** Those with which stored keys may be wrapped. */
  formerMasterKeys: readonly CheckedKey[];
}

/**
 * The keys of data subjects in a table of the log's database. A key that was destroyed leaves its row, without the secret:
 * the primary key of the table keeps it from being made again, whoever tries to at the same time.
 */
export class SubjectKeyTable implements SubjectKeyStore {
  private readonly masters: ReadonlyMap<string, AesGcm>;

  constructor(private readonly parts: SubjectKeyTableParts) {
    const { masterKey, formerMasterKeys } = parts;
    const all = [...formerMasterKeys, ...(masterKey ? [masterKey] : [])];
    this.masters = new Map(all.map(({ id, secret }) => [id, new AesGcm(secret)]));
  }

  /** With `runner`, as its transaction sees them. */
  async get(subjects: readonly string[], runner?: QueryRunner): Promise<SubjectKey[]> {
    const keys: SubjectKey[] = [];
    for (const some of chunks(subjects, MOST))
      keys.push(...(await this.on(runner, (sql) => this.page(sql, some))));
    return keys;
  }

  /**
   * Beside the transaction of the runner, which would have others wait for its end; in it where there is one connection for
   * all. A rollback takes the key with it there, and what was encrypted with it.
   */
  async create(subject: string, runner?: QueryRunner): Promise<SubjectKey> {
    const { database, control } = this.parts;
    const { tables, dialect, clock } = database;
    const id = randomBytes(ID).toString('base64url');
    const { secret, by } = this.wrapped(subject, id, randomBytes(SECRET));
    const statement = dialect.syntax.insertNew(tables.subjectKey, COLUMNS);
    const work = async (sql: Sql) => {
      await sql.change(statement, [subject, id, secret, by, clock.now().getTime(), null]);
      return this.page(sql, [subject]);
    };
    const joins = runner && !dialect.can.pool;
    const [key] = await (joins ? work(database.on(runner)) : control.run(work));
    if (key) return key;
    throw new InvalidSubjectKeyError(subject, 'its row was removed');
  }

  async destroy(subject: string): Promise<void> {
    const { tables, dialect, clock } = this.parts.database;
    const now = clock.now().getTime();
    const insert = dialect.syntax.insertNew(tables.subjectKey, COLUMNS);
    await this.parts.database.transaction(async (sql) => {
      await sql.change(insert, [subject, null, null, null, now, now]);
      await sql.change(
        `UPDATE ${tables.subjectKey} SET secret = NULL, wrapped_by = NULL, erased_at = ?
         WHERE subject = ? AND erased_at IS NULL`,
        [now, subject],
      );
    });
  }

  private async page(sql: Sql, subjects: readonly string[]): Promise<SubjectKey[]> {
    const rows = await sql.rows(
      `SELECT ${COLUMNS.join(', ')} FROM ${this.parts.database.tables.subjectKey} WHERE subject IN (${marks(subjects.length)})`,
      subjects,
    );
    return rows.map((row) => this.key(row));
  }

  private key(row: Row): SubjectKey {
    const [subject, id, by] = [row.subject, row.key_id, row.wrapped_by] as [
      string,
      string | null,
      string | null,
    ];
    if (row.erased_at !== null || id === null)
      return { subject, erased: true, ...(id === null ? {} : { id }) };
    const stored = row.secret as Uint8Array | ArrayBuffer;
    const secret = ArrayBuffer.isView(stored) ? stored : new Uint8Array(stored);
    return { subject, id, secret: by === null ? secret : this.unwrapped(subject, id, secret, by) };
  }

  private wrapped(subject: string, id: string, secret: Buffer): { secret: Buffer; by: string | null } {
    const { masterKey } = this.parts;
    if (!masterKey) return { secret, by: null };
    const wrapped = this.masters.get(masterKey.id)!.encrypt(secret, boundTo(subject, id));
    return { secret: wrapped, by: masterKey.id };
  }

  private unwrapped(subject: string, id: string, secret: Uint8Array, by: string): Uint8Array {
    const master = this.masters.get(by);
    if (!master) {
      const cure = 'Give it to forgetting.masterKey, or to forgetting.formerMasterKeys';
      throw new UnknownKeyError(
        by,
        `wraps the key of the subject "${subject}", and is not among those of this process. ${cure}`,
      );
    }
    const unwrapped = master.decrypt(secret, boundTo(subject, id));
    if (unwrapped) return unwrapped;
    throw new UnknownKeyError(
      by,
      `does not open the key of the subject "${subject}": one of the two is another one`,
    );
  }

  private on<T>(runner: QueryRunner | undefined, work: (sql: Sql) => Promise<T>): Promise<T> {
    return runner ? work(this.parts.database.on(runner)) : this.parts.control.run(work);
  }
}

function boundTo(subject: string, id: string): string {
  return `subject key\0${subject}\0${id}`;
}
