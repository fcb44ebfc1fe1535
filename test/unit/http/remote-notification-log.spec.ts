import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { once } from 'node:events';
import {
  InvalidOptionError,
  RemoteAnswerError,
  remoteNotificationLog,
  RemoteNotificationLogError,
  RemoteUnreachableError,
} from 'nestjs-once';

const item = (position: number, more: object = {}) => ({
  ...{ position, key: `k${position}`, group: 'g', metadata: {}, data: { position } },
  ...{ occurredAt: '2026-01-01T00:00:00Z', recordedAt: '2026-01-01T00:00:00Z' },
  ...more,
});

describe('the client of a notification log', () => {
  let server: Server;
  let url: string;
  const asked: string[] = [];
  let answer: { status?: number; body: string } | undefined;

  beforeAll(async () => {
    server = createServer((request, response) => {
      asked.push(request.url!);
      // What is not answered stays open.
      if (!answer) return;
      response.writeHead(answer.status ?? 200, { 'content-type': 'application/json' }).end(answer.body);
    }).listen(0, '127.0.0.1');
    await once(server, 'listening');
    url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/log`;
  });
  afterAll(() => {
    server.closeAllConnections();
    server.close();
  });
  beforeEach(() => void asked.splice(0));

  const page = (body: unknown, after = 0) => {
    answer = { body: typeof body === 'string' ? body : JSON.stringify(body) };
    return remoteNotificationLog(url).page({ after });
  };

  it('gives a page with its places, and asks for as much as the other side gives', async () => {
    answer = { body: JSON.stringify({ items: [item(3), item(5)], reached: 7, decided: 9, most: 500 }) };
    const log = remoteNotificationLog(`${url}/`);
    expect(await log.page({ after: 2, until: 8, limit: 2000, groups: ['g'] })).toMatchObject({
      ...{ items: [{ position: 3, data: { position: 3 } }, { position: 5 }], reached: 7, decided: 9 },
    });
    await log.page({ after: 2, until: 8, limit: 2000 });
    expect(asked).toEqual(['/log?after=2&until=8&limit=10&groups=g', '/log?after=2&until=8&limit=500']);
  });

  it.each([
    ['no JSON', '<html>', 'a list of items'],
    ['no list', {}, 'a list of items'],
    ['null', 'null', 'a list of items'],
    ['an item that is none', { items: [null], reached: 1, decided: 1 }, 'events with a position'],
    ['an item without a key', { items: [item(1, { key: 1 })], reached: 1, decided: 1 }, 'a key and a group'],
    ['an item without metadata', { items: [item(1, { metadata: null })] }, 'metadata'],
    ['an item without a time', { items: [item(1, { occurredAt: 'soon' })] }, 'the times'],
    ['positions that go backward', { items: [item(3), item(2)], reached: 3, decided: 3 }, 'events in order'],
    ['the same position twice', { items: [item(3), item(3)], reached: 3, decided: 3 }, 'events in order'],
    ['no place that is reached', { items: [], decided: 3 }, '"reached"'],
    ['no place that is decided', { items: [], reached: 3, decided: '3' }, '"decided"'],
    ['a place before its events', { items: [item(3)], reached: 2, decided: 3 }, '"reached" from 3'],
  ])('refuses %s, and says what to do', async (_title, body, told) => {
    const asking = page(body);
    await expect(asking).rejects.toThrow(RemoteAnswerError);
    await expect(asking).rejects.toMatchObject({ code: 'REMOTE_NOTIFICATION_LOG_ANSWER' });
    await expect(asking).rejects.toThrow(told);
    await expect(asking).rejects.toThrow('See that the URL is that of forNotifications');
  });

  it('refuses events that are not behind what was asked for', async () => {
    await expect(page({ items: [item(4)], reached: 4, decided: 4 }, 4)).rejects.toThrow('behind position 4');
  });

  it('says what the other side says', async () => {
    answer = { status: 503, body: '<html>' };
    await expect(remoteNotificationLog(url).page()).rejects.toThrow(RemoteNotificationLogError);
    await expect(remoteNotificationLog(url).page()).rejects.toMatchObject({ status: 503 });
  });

  it('waits for an answer as long as it is told to, and no longer than whoever asks', async () => {
    answer = undefined;
    const asking = remoteNotificationLog(url, { timeout: 20 }).page();
    await expect(asking).rejects.toThrow(RemoteUnreachableError);
    await expect(asking).rejects.toThrow('no answer within 20 ms');
    const stopping = new AbortController();
    const given = remoteNotificationLog(url).page({}, { signal: stopping.signal });
    stopping.abort();
    await expect(given).rejects.toThrow(RemoteUnreachableError);
    expect(() => remoteNotificationLog(url, { timeout: 'soon' as never })).toThrow(InvalidOptionError);
  });

  it('says why nobody is there, and what kept headers from being made', async () => {
    const gone = remoteNotificationLog('http://127.0.0.1:1/log').page();
    await expect(gone).rejects.toMatchObject({ code: 'REMOTE_NOTIFICATION_LOG_UNREACHABLE' });
    const headers = () => Promise.reject(new Error('no token today'));
    await expect(remoteNotificationLog(url, { headers }).page()).rejects.toThrow('no token today');
  });
});
