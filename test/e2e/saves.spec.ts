import { Injectable } from '@nestjs/common';
import { event, EventHandler, ModelEventSource } from 'nestjs-once';
import {
  Column,
  Entity,
  type EntitySubscriberInterface,
  type InsertEvent,
  PrimaryGeneratedColumn,
  type QueryRunner,
  type Repository,
} from 'typeorm';
import { startApplication, type TestApplication } from '../support/application.js';
import { describeEachDatabase } from '../support/databases.js';
import { Statements } from '../support/statements.js';

@Entity()
class Note {
  @PrimaryGeneratedColumn() id: number;
  @Column() text: string;
}

@Injectable()
class NoteEvents {
  @ModelEventSource(Note, { on: ['insert', 'update'] })
  *events(note: Note) {
    yield event('note_written', note.text, { note });
  }
}

@Injectable()
class NoteHandlers {
  @EventHandler('note_*')
  read() {
    return undefined;
  }
}

/** The statements of a save: those of TypeORM, and of its append one, on SQLite one for each table. */
/** The last INSERT of some is that of the entity's tag. */
const STATEMENTS = {
  sqlite: ['BEGIN', 'INSERT', 'INSERT', 'INSERT', 'INSERT', 'COMMIT'],
  postgres: ['START', 'INSERT', 'APPEND', 'COMMIT'],
  mariadb: ['START', 'INSERT', 'BEGIN', 'COMMIT'],
  mysql: ['START', 'INSERT', 'INSERT', 'DELETE', 'INSERT', 'INSERT', 'INSERT', 'COMMIT'],
};

describeEachDatabase('a save of one entity', (db) => {
  const statements = new Statements();
  let application: TestApplication;
  let notes: Repository<Note>;

  beforeEach(async () => {
    application = await startApplication({
      database: { ...(await db.options()), logging: true, logger: statements },
      entities: [Note],
      providers: [NoteEvents, NoteHandlers],
      options: { dispatch: 'none', rescan: false },
    });
    notes = application.dataSource.getRepository(Note);
    await notes.save({ text: 'first' });
  });
  afterEach(() => application.close());

  const subscribe = (subscriber: EntitySubscriberInterface) =>
    application.dataSource.subscribers.push(subscriber);
  const query = (sql: string, runner?: QueryRunner) =>
    application.dataSource.query<Record<string, unknown>[]>(sql, [], runner);
  const keys = async (runner?: QueryRunner) => {
    const rows = await query('SELECT event_key FROM once_event ORDER BY position', runner);
    return rows.map(({ event_key }) => event_key);
  };
  const texts = async () => (await notes.find({ order: { id: 'ASC' } })).map(({ text }) => text);

  it('takes as few statements as it can', async () => {
    statements.all.length = 0;
    await notes.save({ text: 'second' });
    // What the process asks for besides is no part of it, nor is telling others when that goes by itself.
    const verbs = statements.all.map((statement) =>
      statement.startsWith('SELECT "once_append"(') ? 'APPEND' : statement.split(' ', 1)[0]!,
    );
    expect(verbs.filter((verb) => !['SELECT', 'NOTIFY'].includes(verb))).toEqual(STATEMENTS[db.name]);
    expect(await keys()).toEqual(['note_written_first', 'note_written_second']);
    expect(await query('SELECT * FROM once_delivery')).toHaveLength(2);
  });

  it('has recorded its event for whoever reads before the commit', async () => {
    const found: unknown[] = [];
    const look = async ({ queryRunner }: { queryRunner: QueryRunner }) => found.push(await keys(queryRunner));
    subscribe({ beforeTransactionCommit: look as never });
    await notes.save({ text: 'second' });
    expect(found).toEqual([['note_written_first', 'note_written_second']]);
    expect(await texts()).toEqual(['first', 'second']);
  });

  it('records nothing when a subscriber fails it', async () => {
    subscribe({ afterInsert: (_: InsertEvent<Note>) => Promise.reject(new Error('no')) });
    await expect(notes.save({ text: 'second' })).rejects.toThrow('no');
    expect(await keys()).toEqual(['note_written_first']);
    expect(await texts()).toEqual(['first']);
  });

  it('fails with its event', async () => {
    await query('ALTER TABLE once_delivery RENAME TO away');
    await expect(notes.save({ text: 'second' })).rejects.toThrow(/once_delivery/);
    await query('ALTER TABLE away RENAME TO once_delivery');
    expect(await keys()).toEqual(['note_written_first']);
    expect(await texts()).toEqual(['first']);
    await notes.save({ text: 'third' });
    expect(await keys()).toEqual(['note_written_first', 'note_written_third']);
  });

  it('fails with its first statement', async () => {
    await expect(notes.save({ text: null as never })).rejects.toThrow(/null/i);
    await notes.save({ text: 'second' });
    expect(await keys()).toEqual(['note_written_first', 'note_written_second']);
    expect(await texts()).toEqual(['first', 'second']);
  });

  it('goes on where the key is known', async () => {
    await notes.save({ text: 'first' });
    expect(await keys()).toEqual(['note_written_first']);
    expect(await texts()).toEqual(['first', 'first']);
  });

  it('records at once in a transaction of the application', async () => {
    const found = await application.dataSource.transaction(async (manager) => {
      await manager.save(Note, { text: 'second' });
      return keys(manager.queryRunner);
    });
    expect(found).toEqual(['note_written_first', 'note_written_second']);
  });

  if (db.name !== 'postgres') return;

  it('fails with what the COMMIT finds, its event too', async () => {
    await query(
      `CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE 'refused'; END $$`,
    );
    await query(`CREATE CONSTRAINT TRIGGER refuse AFTER INSERT ON note DEFERRABLE INITIALLY DEFERRED
      FOR EACH ROW EXECUTE FUNCTION refuse()`);
    await expect(notes.save({ text: 'second' })).rejects.toMatchObject({
      query: 'COMMIT',
      message: 'refused',
    });
    expect(await keys()).toEqual(['note_written_first']);
    expect(await texts()).toEqual(['first']);
  });
});
