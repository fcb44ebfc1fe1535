import { Test } from '@nestjs/testing';
import type { INestApplication } from '@nestjs/common';
import { Followers } from 'nestjs-once';
import { drain } from 'nestjs-once/testing';
import { createTransport } from 'nodemailer';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { AppModule } from '../../sample-app/app.module.js';
import { databaseOptions } from '../../sample-app/database.js';
import { sentMails } from '../../sample-app/demo/sent-mails.js';
import { FileTransport } from '../../sample-app/mails/file-transport.js';
import { configure } from '../../sample-app/server.js';

const NOW = new Date('2026-03-02T09:00:00Z');
const RUNNING = { title: 'Run for clean water', startDate: '2026-03-01', endDate: '2026-04-01' };
const OVER = { title: 'Row for the food bank', startDate: '2026-01-01', endDate: '2026-02-01' };

describe('The donation platform', () => {
  let folder: string;
  let app: INestApplication;
  let url: string;

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'donations-'));
    const module = AppModule.forRoot({
      database: databaseOptions(join(folder, 'donations.db')),
      mails: createTransport(new FileTransport(join(folder, 'mails'))),
      clock: { now: () => NOW },
      eventSourcing: { dispatch: 'none', rescan: false },
    });
    const testing = await Test.createTestingModule({ imports: [module] }).compile();
    app = configure(testing.createNestApplication());
    await app.listen(0);
    url = await app.getUrl();
  });

  afterEach(async () => {
    await app.close();
    await rm(folder, { recursive: true, force: true });
  });

  async function request(method: string, path: string, body?: unknown) {
    const headers = { 'content-type': 'application/json' };
    const response = await fetch(url + path, {
      method,
      headers,
      body: body && JSON.stringify(body),
    } as RequestInit);
    return {
      status: response.status,
      body: (await response.json()) as any,
    };
  }

  const get = (path: string) => request('GET', path);
  const post = (path: string, body: unknown) => request('POST', path, body);
  const patch = (path: string, body: unknown) => request('PATCH', path, body);
  const addUser = () => post('/users', { name: 'Ada Keller', email: 'ada@example.org' });
  const addChallenge = (values: object) => post('/challenges', { ...values, userId: 1 });

  describe('users', () => {
    it('are created, listed and found', async () => {
      const user = { id: 1, name: 'Ada Keller', email: 'ada@example.org' };
      expect(await addUser()).toEqual({ status: 201, body: user });
      expect(await get('/users')).toEqual({ status: 200, body: [user] });
      expect(await get('/users/1')).toEqual({ status: 200, body: user });
    });

    it.each([
      ['no name', { email: 'ada@example.org' }, 400],
      ['an address that is none', { name: 'Ada', email: 'ada' }, 400],
      ['an unknown property', { name: 'Ada', email: 'ada@example.net', isAdmin: true }, 400],
      ['an address that is taken', { name: 'Ada', email: 'ada@example.org' }, 409],
    ])('are refused with %s', async (_, body, status) => {
      await addUser();
      expect((await post('/users', body)).status).toBe(status);
      expect((await get('/users')).body).toHaveLength(1);
    });

    it('are not found under an unknown id, nor under what is no id', async () => {
      expect((await get('/users/7')).status).toBe(404);
      expect((await get('/users/ada')).status).toBe(400);
      expect((await get('/users/99999999999')).status).toBe(400);
    });
  });

  describe('the dog school', () => {
    it('keeps dogs as what has happened to them', async () => {
      expect(await post('/dogs', { name: 'Fido' })).toEqual({ status: 201, body: { name: 'Fido' } });
      await post('/dogs/Fido/tricks', { trick: 'roll over' });
      await post('/dogs/Fido/tricks', { trick: 'play dead' });
      expect(await get('/dogs/Fido/tricks')).toEqual({ status: 200, body: ['roll over', 'play dead'] });
      const logged: { group: string }[] = (await get('/events')).body;
      expect(logged.map(({ group }) => group)).toEqual([
        'Dog.Registered',
        'Dog.TrickAdded',
        'Dog.TrickAdded',
      ]);
    });

    it('counts how many dogs have learnt each trick, and counts anew after a reset', async () => {
      for (const name of ['Fido', 'Rex']) {
        await post('/dogs', { name });
        await post(`/dogs/${name}/tricks`, { trick: 'sit' });
      }
      await post('/dogs/Rex/tricks', { trick: 'roll over' });
      const counted = [
        { trick: 'roll over', dogs: 1 },
        { trick: 'sit', dogs: 2 },
      ];
      await drain(app);
      expect((await get('/dogs/tricks')).body).toEqual(counted);
      await app.get(Followers).reset('TrickCounter');
      expect((await get('/dogs/tricks')).body).toEqual([]);
      await drain(app);
      expect((await get('/dogs/tricks')).body).toEqual(counted);
    });

    it('has one dog of a name, and knows none that nobody registered', async () => {
      await post('/dogs', { name: 'Fido' });
      expect((await post('/dogs', { name: 'Fido' })).status).toBe(409);
      expect((await post('/dogs', { name: '' })).status).toBe(400);
      expect((await get('/dogs/Rex/tricks')).status).toBe(404);
      expect((await post('/dogs/Rex/tricks', { trick: 'sit' })).status).toBe(404);
    });
  });

  describe('challenges', () => {
    beforeEach(addUser);

    it('are created active, listed, found and changed', async () => {
      const created = await addChallenge(RUNNING);
      expect(created).toMatchObject({
        status: 201,
        body: { id: 1, isActive: true, user: { name: 'Ada Keller' } },
      });
      expect((await get('/challenges')).body).toMatchObject([RUNNING]);
      expect((await patch('/challenges/1', { isActive: false })).status).toBe(200);
      expect((await get('/challenges/1')).body).toMatchObject({ ...RUNNING, isActive: false });
    });

    it.each([
      ['an empty title', { title: '' }, 400],
      ['a day that does not exist', { endDate: '2026-02-30' }, 400],
      ['a time instead of a day', { startDate: '2026-03-01T10:00:00Z' }, 400],
      ['an end before the start', { endDate: '2026-02-28' }, 400],
      ['an unknown property', { id: 99 }, 400],
      ['a state of null', { isActive: null }, 400],
      ['an unknown user', { userId: 7 }, 422],
    ])('are refused with %s', async (_, values, status) => {
      expect((await post('/challenges', { ...RUNNING, userId: 1, ...values })).status).toBe(status);
      expect((await get('/challenges')).body).toEqual([]);
    });

    it('are not changed to what may not be', async () => {
      await addChallenge(RUNNING);
      expect((await patch('/challenges/1', { endDate: '2026-02-28' })).status).toBe(400);
      expect((await patch('/challenges/1', { title: null })).status).toBe(400);
      expect((await patch('/challenges/7', { title: 'Swim' })).status).toBe(404);
      expect((await get('/challenges/1')).body).toMatchObject(RUNNING);
    });
  });

  describe('donations', () => {
    beforeEach(addUser);

    it('are made to a challenge, on the day it is', async () => {
      await addChallenge(RUNNING);
      const donation = { donor: 'Ben', amountInCents: 5000 };
      expect((await post('/challenges/1/donations', donation)).status).toBe(201);
      expect((await get('/challenges/1/donations')).body).toMatchObject([
        { ...donation, date: '2026-03-02' },
      ]);
    });

    it.each([
      ['no donor', { amountInCents: 5000 }],
      ['an amount below one', { donor: 'Ben', amountInCents: 99 }],
      ['a fraction of a cent', { donor: 'Ben', amountInCents: 100.5 }],
      ['an amount that is text', { donor: 'Ben', amountInCents: '5000' }],
    ])('are refused with %s', async (_, body) => {
      await addChallenge(RUNNING);
      expect((await post('/challenges/1/donations', body)).status).toBe(400);
    });

    it('are refused when the challenge is unknown, over or inactive', async () => {
      await addChallenge(OVER);
      await addChallenge({ ...RUNNING, isActive: false });
      const donation = { donor: 'Ben', amountInCents: 5000 };
      expect((await post('/challenges/7/donations', donation)).status).toBe(404);
      expect((await post('/challenges/1/donations', donation)).status).toBe(409);
      expect((await post('/challenges/2/donations', donation)).status).toBe(409);
    });
  });

  describe('events', () => {
    beforeEach(addUser);

    it('of a challenge are logged, mailed to its owner and written into its timeline, each once', async () => {
      await addChallenge(OVER);
      await patch('/challenges/1', { title: 'Row again' });
      await drain(app);

      const groups = ['challenge_created', 'challenge_inactivity_2d', 'challenge_ends_2d', 'challenge_ended'];
      const keys = groups.map((group) => `${group}_1`);
      const logged: { key: string }[] = (await get('/events')).body;
      expect(logged.map(({ key }) => key).sort()).toEqual([...keys].sort());
      expect(await sentMails(join(folder, 'mails'))).toEqual(new Map(keys.map((key) => [key, 1])));
      const timeline: { group: string }[] = (await get('/challenges/1/timeline')).body;
      expect(timeline.map(({ group }) => group).sort()).toEqual([...groups].sort());
    });

    it('are none while the challenge is inactive', async () => {
      await addChallenge({ ...OVER, isActive: false });
      expect((await get('/events')).body).toEqual([]);
    });

    it('are listed by pages', async () => {
      await addChallenge(OVER);
      const [first] = (await get('/events?limit=1')).body;
      const rest: { position: number }[] = (await get(`/events?after=${first.position}`)).body;
      expect(rest).toHaveLength(3);
      expect(rest.every(({ position }) => position > first.position)).toBe(true);
      expect((await get('/events?limit=0')).status).toBe(400);
    });
  });
});
