import { randomBytes } from 'node:crypto';
import { Injectable } from '@nestjs/common';
import { IsEmail, IsString } from 'class-validator';
import {
  Aggregate,
  AggregateEvent,
  type AggregateRepository,
  AggregateType,
  Erased,
  event,
  EventHandler,
  EventSourcingModule,
  type EventSourcingOptions,
  EventType,
  Forgetting,
  type ForgettingOptions,
  getAggregatesToken,
  isErased,
  ModelEventSource,
  NotificationLog,
  Personal,
  type RecordedEvent,
  type SubjectKey,
  type SubjectKeyStore,
  UnknownKeyError,
} from 'nestjs-once';
import { drain } from 'nestjs-once/testing';
import { Column, type DataSourceOptions, Entity, PrimaryColumn } from 'typeorm';
import type { Engine } from '../../../lib/module/engine.js';
import { engineToken } from '../../../lib/module/tokens.js';
import { startApplication, type TestApplication } from '../../support/application.js';
import { describeEachDatabase } from '../../support/databases.js';
import { rejection } from '../aggregates/school.js';

const EMAIL = 'anna@example.org';
const OTHER = 'bert@example.org';

/** One event that speaks of two people, and of something that stays. */
@EventType('shop.GiftSent', { key: ({ gift }: { gift: string }) => `gift ${gift}` })
class GiftSent {
  @IsString()
  gift: string;
  @IsString()
  from: string;
  @IsString()
  to: string;
  @Personal<GiftSent>({ subject: ({ from }) => from })
  @IsEmail()
  sender: string;
  @Personal<GiftSent>({ subject: ({ to }) => to })
  @IsEmail()
  receiver: string;
}

@EventType('club.Joined')
class Joined {
  @Personal<Joined>({ subject: (_, { aggregateId }) => aggregateId! })
  email?: string;
  tariff: string;
}

@AggregateType('Member')
class Member extends Aggregate {
  email: unknown;
  visits = 0;
  @AggregateEvent(Joined)
  join({ email }: Joined): void {
    this.email = email;
  }
  @AggregateEvent('Visited')
  visit(): void {
    this.visits++;
  }
}

@Entity()
class Customer {
  @PrimaryColumn()
  id: number;
  @Column()
  email: string;
}

@Injectable()
class Customers {
  @ModelEventSource(Customer, { on: ['insert', 'update'] })
  events({ id, email }: Customer) {
    return event('customer_known', `${id}_${email.length}`, { id, contact: { email, language: 'de' } });
  }
}

const handled: RecordedEvent[] = [];
const booked: unknown[] = [];
let isBroken = false;

@Injectable()
class Reader {
  @EventHandler(/./, { name: 'reader', retry: { maxRetries: 0 } })
  read(event: RecordedEvent): void {
    if (isBroken) throw new Error('broken');
    handled.push(event);
  }

  /** It holds the connection of SQLite while the event is deciphered. */
  @EventHandler('shop.GiftSent', { name: 'bookkeeping', transactional: true, retry: { maxRetries: 0 } })
  book(event: RecordedEvent): void {
    if (!isBroken) booked.push(event.data);
  }
}

const ofReader = { handler: 'reader' };

const ofCustomers = {
  groups: 'customer_known',
  subject: ({ id }: { id: number }) => id,
  properties: ['contact.email'],
};

describeEachDatabase('forgetting a person', (db) => {
  let database: DataSourceOptions;
  const open: TestApplication[] = [];

  beforeEach(async () => {
    database = await db.options();
    handled.length = booked.length = 0;
    isBroken = false;
  });
  afterEach(async () => {
    for (const application of open.splice(0)) await application.close();
  });

  const start = async (
    forgetting: ForgettingOptions = {},
    options: EventSourcingOptions = {},
    feature: Parameters<typeof EventSourcingModule.forFeature>[0] = {},
  ) => {
    const application = await startApplication({
      database,
      entities: [Customer],
      options: {
        events: [GiftSent],
        forgetting: { personal: [ofCustomers], keyCache: 0, ...forgetting },
        // Upkeep is called by hand.
        worker: { pollInterval: '1h' },
        ...options,
      },
      imports: [EventSourcingModule.forFeature({ aggregates: [Member], application: 'Club', ...feature })],
      providers: [Reader, Customers],
      synchronize: open.length === 0,
    });
    open.push(application);
    const get = <T>(token: unknown) => application.app.get<T>(token as never, { strict: false });
    const engine = get<Engine>(engineToken());
    return Object.assign(application, {
      forgetting: application.app.get(Forgetting),
      members: get<AggregateRepository<Member>>(getAggregatesToken(Member)),
      parts: engine.parts,
      settled: () => engine.parts.aggregates.parts.background.finished(),
      rows: (table: string) =>
        application.dataSource.query<Record<string, unknown>[]>(`SELECT * FROM once_${table}`),
    });
  };
  type Started = Awaited<ReturnType<typeof start>>;
  const gift = { gift: 'book', from: 'anna', to: 'bert', sender: EMAIL, receiver: OTHER };
  const shown = async (started: Started, key: string) => (await started.log.get<any>(key))!.data;
  const groups = async ({ log }: Started) => {
    const found: string[] = [];
    for await (const { group } of log.read()) if (group.startsWith('forgetting.')) found.push(group);
    return found;
  };
  const saveMember = async (started: Started, id = 'anna') => {
    const member = new Member(id);
    member.join({ email: EMAIL, tariff: 'small' });
    member.visit();
    await started.members.save(member);
    return member;
  };

  it('erases what was theirs in every event, and nothing else', async () => {
    const started = await start();
    await started.log.log(GiftSent, gift);
    await saveMember(started);
    await started.dataSource.manager.save(Object.assign(new Customer(), { id: 7, email: EMAIL }));
    expect(await shown(started, 'gift book')).toEqual(gift);
    expect(await shown(started, 'customer_known_7_16')).toEqual({
      id: 7,
      contact: { email: EMAIL, language: 'de' },
    });
    expect(JSON.stringify(await started.rows('event'))).not.toContain('example.org');

    expect(await started.forgetting.forget('anna')).toEqual({ subject: 'anna', requested: true });
    const after = await shown(started, 'gift book');
    expect(after).toEqual({ ...gift, sender: expect.any(Erased) });
    expect([isErased(after.sender), isErased(after.receiver), `${after.sender}`]).toEqual([
      true,
      false,
      '[erased]',
    ]);
    expect(await started.members.get('anna')).toMatchObject({ email: expect.any(Erased), visits: 1 });
    expect((await shown(started, 'customer_known_7_16')).contact.email).toBe(EMAIL);

    await started.forgetting.forget(7n);
    expect(await shown(started, 'customer_known_7_16')).toEqual({
      id: 7,
      contact: { email: expect.any(Erased), language: 'de' },
    });
    expect(await groups(started)).toEqual(
      [1, 2].flatMap(() => ['forgetting.Requested', 'forgetting.Forgotten']),
    );
    const [requested, forgotten] = ['requested', 'forgotten'].map((step) =>
      shown(started, `forgetting:${step}:anna`),
    );
    expect([await requested, await forgotten]).toEqual([{ subject: 'anna' }, { subject: 'anna' }]);
  });

  it('leaves handlers, dead letters, retries, reads and exports going on', async () => {
    const started = await start();
    isBroken = true;
    await started.log.log(GiftSent, gift);
    await saveMember(started);
    await drain(started.app).catch(() => undefined);
    await started.forgetting.forget('anna');
    const { items } = await started.deliveries.list(
      { ...ofReader, group: 'shop.GiftSent' },
      { withData: true },
    );
    expect(items).toMatchObject([{ status: 'dead', data: { gift: 'book', sender: expect.any(Erased) } }]);
    isBroken = false;
    await started.deliveries.retry({ all: true });
    await drain(started.app);
    const received = handled.find(({ group }) => group === 'shop.GiftSent')!.data;
    expect(received).toBeInstanceOf(GiftSent);
    expect(received).toMatchObject({ receiver: OTHER, sender: expect.any(Erased) });
    expect(JSON.stringify(received)).toContain('"sender":null');
    const selected = await started.app.get(NotificationLog).select();
    expect(selected.map(({ group }) => group)).toContain('forgetting.Forgotten');
    const counts = await started.deliveries.counts();
    expect(counts).toMatchObject({ dead: 0, pending: 0 });
  });

  it('lets what is personal be read within transactions, of handlers and of callers', async () => {
    const started = await start({}, {}, { snapshots: { Member: 1 } });
    await started.log.log(GiftSent, gift);
    await saveMember(started);
    await started.settled();
    await drain(started.app);
    expect(booked).toMatchObject([gift]);
    const runner = started.dataSource.createQueryRunner();
    await runner.startTransaction();
    const { manager } = runner;
    const member = await started.members.get('anna', { manager });
    expect(member).toMatchObject({ email: EMAIL, visits: 1 });
    expect(await started.members.get('anna', { manager, version: 1 })).toMatchObject({
      email: EMAIL,
      visits: 0,
    });
    member.join({ email: OTHER, tariff: 'large' });
    await started.members.save([member], { manager });
    await runner.commitTransaction();
    await runner.release();
    expect(await started.members.get('anna')).toMatchObject({ email: OTHER, version: 3 });
  });

  it('gives what the option makes instead, told of what it was', async () => {
    const erased: ForgettingOptions['erased'] = ({ property, subject, group }) =>
      `${group} ${property} of ${subject}`;
    const started = await start({ erased });
    await started.log.log(GiftSent, gift);
    await started.forgetting.forget('bert');
    expect(await shown(started, 'gift book')).toEqual({
      ...gift,
      receiver: 'shop.GiftSent receiver of bert',
    });
  });

  it('records what comes afterwards without what is personal, or refuses it', async () => {
    const started = await start();
    await started.forgetting.forget('anna');
    const { event: recorded } = await started.log.log(GiftSent, gift);
    expect(recorded!.data).toMatchObject({ gift: 'book', sender: expect.any(Erased), receiver: OTHER });
    expect(await shown(started, 'gift book')).toEqual({ ...gift, sender: expect.any(Erased) });
    await saveMember(started);
    await drain(started.app);
    expect(handled.map(({ group }) => group)).toContain('shop.GiftSent');
    const refusing = await start({ afterwards: 'refuse' });
    const error = await rejection(refusing.log.log(GiftSent, { ...gift, gift: 'pen' }));
    expect(error).toMatchObject({ code: 'ERASED_SUBJECT', subject: 'anna', event: { key: 'gift pen' } });
    expect(error.message).not.toContain(EMAIL);
    expect(await started.log.get('gift pen')).toBeUndefined();
  });

  it('never makes a key again, whoever uses the subject for the first time meanwhile', async () => {
    const [one, two] = [await start(), await start()];
    const subjects = Array.from({ length: 12 }, (_, index) => `s${index}`);
    await Promise.all(
      subjects.flatMap((from, index) => [
        one.log.log(GiftSent, { ...gift, gift: `${index}`, from }),
        (index % 2 ? two : one).forgetting.forget(from),
        two.log.log(GiftSent, { ...gift, gift: `${index} again`, from }),
      ]),
    );
    for (const [index, from] of subjects.entries())
      for (const key of [`gift ${index}`, `gift ${index} again`])
        expect(await shown(one, key)).toEqual({
          ...gift,
          gift: expect.any(String),
          from,
          sender: expect.any(Erased),
        });
    const keys = await one.rows('subject_key');
    expect(keys.filter(({ subject }) => subjects.includes(subject as string))).toHaveLength(subjects.length);
    for (const { subject, secret } of keys)
      expect([subject, secret === null]).toEqual([subject, subject !== 'bert']);
  });

  it('takes an unknown key for an error, and never for somebody who was forgotten', async () => {
    const started = await start();
    await started.log.log(GiftSent, gift);
    const kept = await started.dataSource.query<{ key_id: string; secret: Buffer }[]>(
      `SELECT key_id, secret FROM once_subject_key WHERE subject = 'anna'`,
    );
    const unknown = async () => {
      const error = await rejection(started.log.get('gift book'));
      expect(error).toBeInstanceOf(UnknownKeyError);
      expect(error).toMatchObject({ keyId: kept[0]!.key_id, subject: 'anna', event: { key: 'gift book' } });
    };
    await started.dataSource.query(`DELETE FROM once_subject_key WHERE subject = 'anna'`);
    await unknown();
    // Another world: its tombstone is not that of the key.
    await started.forgetting.forget('anna');
    await unknown();
    await drain(started.app).catch(() => undefined);
    expect((await started.deliveries.list({ ...ofReader, status: 'dead' })).items).toMatchObject([
      { key: 'gift book', error: expect.stringContaining('UnknownKeyError') },
    ]);
  });

  it('goes on after a crash between its steps: by another call, or by upkeep of whoever lives', async () => {
    const [dying, living] = [await start(), await start()];
    await dying.log.log(GiftSent, gift);
    await dying.log.log(GiftSent, { ...gift, gift: 'pen', from: 'carl' });
    const crash = new Error('the process died');
    const { subjectKeys } = dying.parts;
    const destroy = subjectKeys.destroy.bind(subjectKeys);
    // Before the key was destroyed.
    subjectKeys.destroy = () => Promise.reject(crash);
    expect(await rejection(dying.forgetting.forget('anna'))).toBe(crash);
    expect((await shown(living, 'gift book')).sender).toBe(EMAIL);
    // After that, and before it was told.
    subjectKeys.destroy = async (subject) => {
      await destroy(subject);
      throw crash;
    };
    expect(await rejection(dying.forgetting.forget('carl'))).toBe(crash);
    expect((await shown(living, 'gift pen')).sender).toEqual(expect.any(Erased));
    expect(await groups(living)).toEqual(['forgetting.Requested', 'forgetting.Requested']);

    expect(await living.forgetting.forget('anna')).toMatchObject({ requested: false });
    expect((await living.rows('forgetting')).map(({ subject }) => subject)).toEqual(['carl']);
    expect(await living.forgetting.resume()).toBe(1);
    expect(await groups(living)).toEqual([
      ...['forgetting.Requested', 'forgetting.Requested'],
      ...['forgetting.Forgotten', 'forgetting.Forgotten'],
    ]);
    expect((await shown(living, 'gift book')).sender).toEqual(expect.any(Erased));
    expect([await living.rows('forgetting'), await living.forgetting.resume()]).toEqual([[], 0]);
    // And again, when all is done.
    expect(await living.forgetting.forget('carl')).toEqual({ subject: 'carl', requested: false });
    expect(await groups(living)).toHaveLength(4);
  });

  it('leaves no snapshot, and nothing in the cache, from which they could be read', async () => {
    const feature = { snapshots: { Member: 1 }, cache: 10 };
    const started = await start({}, {}, feature);
    await saveMember(started);
    await started.settled();
    const before = await started.rows('snapshot');
    expect(before).toHaveLength(2);
    for (const { encoding, payload, payload_bytes: bytes } of before) {
      expect([encoding, payload]).toEqual(['json+subjects', null]);
      expect(Buffer.from(bytes as Buffer).includes('example')).toBe(false);
    }
    const other = await start({}, {}, feature);
    expect(await other.members.get('anna')).toMatchObject({ version: 2, email: EMAIL });
    const stale = await other.members.get('anna');

    await started.forgetting.forget('anna');
    for (const each of [started, other])
      expect(await each.members.get('anna')).toMatchObject({ version: 2, email: expect.any(Erased) });
    await other.settled();
    // A process that had read it before writes no more of it than the event.
    stale.visit();
    await other.members.save(stale);
    await other.settled();
    for (const { encoding, payload } of await other.rows('snapshot'))
      expect([encoding, `${String(payload)}`.includes('example')]).toEqual([expect.any(String), false]);
    expect(await other.members.get('anna')).toMatchObject({
      version: 3,
      visits: 2,
      email: expect.any(Erased),
    });
    await other.settled();
    const fresh = await start({}, {}, feature);
    expect(await fresh.members.get('anna')).toMatchObject({ version: 3, email: expect.any(Erased) });
  });

  it('may take the whole of an event, and goes with the encryption of its group', async () => {
    const personal = [{ groups: 'secret.*', subject: ({ who }: { who: string }) => who }];
    const key = { id: 'k', secret: randomBytes(32) };
    const payload = { pipelines: [{ groups: 'secret.*', compress: 'zlib' as const, encrypt: { key } }] };
    const started = await start({ personal }, { payload });
    const data = { who: 'anna', at: new Date(5), tags: new Set(['a']), text: 'word '.repeat(200) };
    await started.log.append({ group: 'secret.Told', key: 'told', data });
    expect(await started.rows('event')).toMatchObject(
      [{ encoding: 'json+zlib+aes(k)' }].map(expect.objectContaining),
    );
    expect(await shown(started, 'told')).toEqual(data);
    await started.forgetting.forget('anna');
    expect(isErased(await shown(started, 'told'))).toBe(true);
    await drain(started.app);
    expect(isErased(handled.find(({ key: known }) => known === 'told')!.data)).toBe(true);
  });

  it('wraps keys by a master key, which can be changed', async () => {
    const [first, second] = ['m1', 'm2'].map((id) => ({ id, secret: randomBytes(32) }));
    const started = await start({ masterKey: first! });
    await started.log.log(GiftSent, gift);
    expect((await started.rows('subject_key')).map(({ wrapped_by: by }) => by)).toEqual(['m1', 'm1']);
    const rotated = await start({ masterKey: second!, formerMasterKeys: [first!] });
    expect(await shown(rotated, 'gift book')).toEqual(gift);
    const without = await start();
    expect(await rejection(without.log.get('gift book'))).toMatchObject({ code: 'UNKNOWN_KEY', keyId: 'm1' });
    const wrong = await start({ masterKey: { ...second!, id: 'm1' } });
    expect(await rejection(wrong.log.get('gift book'))).toMatchObject({ code: 'UNKNOWN_KEY', keyId: 'm1' });
    await rotated.forgetting.forget('anna');
    expect((await shown(rotated, 'gift book')).sender).toEqual(expect.any(Erased));
  });

  it('works with keys that the application keeps', async () => {
    const keys = new Map<string, SubjectKey>();
    const store: SubjectKeyStore = {
      get: async (subjects) => subjects.flatMap((subject) => keys.get(subject) ?? []),
      create: async (subject) => {
        const made = { subject, id: randomBytes(8).toString('hex'), secret: randomBytes(32) };
        keys.set(subject, keys.get(subject) ?? made);
        return keys.get(subject)!;
      },
      destroy: async (subject) =>
        void keys.set(subject, { subject, ...idOf(keys.get(subject)), erased: true }),
    };
    const started = await start({ keys: store });
    await started.log.log(GiftSent, gift);
    expect([...keys.keys(), await started.rows('subject_key')]).toEqual(['anna', 'bert', []]);
    expect(await shown(started, 'gift book')).toEqual(gift);
    await started.forgetting.forget('anna');
    await started.forgetting.forget('anna');
    expect((await shown(started, 'gift book')).sender).toEqual(expect.any(Erased));
    keys.set('bert', { subject: 'bert', id: 'x', secret: randomBytes(3) });
    expect(await rejection(started.log.get('gift book'))).toMatchObject({ code: 'INVALID_SUBJECT_KEY' });
  });

  it('is not done within a transaction that could be rolled back, and takes no subject that is none', async () => {
    const started = await start();
    if (db.name === 'sqlite')
      await started.dataSource.transaction(async () => {
        expect(await rejection(started.forgetting.forget('anna'))).toMatchObject({
          code: 'FORGETTING_IN_TRANSACTION',
        });
      });
    for (const subject of ['', 'x'.repeat(201), 1.5, undefined, 'a\0'])
      expect(await rejection(started.forgetting.forget(subject as string))).toMatchObject({
        code: 'INVALID_OPTION',
      });
    const append = started.log.append({ group: 'g', key: 'forgetting:forgotten:anna' });
    expect(await rejection(append)).toMatchObject({ code: 'INVALID_EVENT', field: 'key' });
    const nobodys = started.log.append({
      group: 'customer_known',
      key: 'k',
      data: { contact: { email: EMAIL } },
    });
    const error = await rejection(nobodys);
    expect(error).toMatchObject({ code: 'INVALID_EVENT' });
    expect(error.message).not.toContain(EMAIL);
  });

  it('keeps what a rolled back transaction had used for the first time readable for whoever uses it then', async () => {
    const started = await start({ keyCache: '1h' });
    const rolledBack = started.dataSource.transaction(async (manager) => {
      await started.log.append(
        [{ group: 'customer_known', key: 'k1', data: { id: 1, contact: { email: EMAIL } } }],
        { manager },
      );
      throw new Error('no');
    });
    expect(await rejection(rolledBack)).toMatchObject({ message: 'no' });
    await started.log.append({
      group: 'customer_known',
      key: 'k2',
      data: { id: 1, contact: { email: EMAIL } },
    });
    expect(await shown(started, 'k2')).toMatchObject({ contact: { email: EMAIL } });
    expect(await shown(started, 'k2')).toMatchObject({ contact: { email: EMAIL } });
  });
});

const idOf = (key: SubjectKey | undefined) => (key?.id === undefined ? {} : { id: key.id });
