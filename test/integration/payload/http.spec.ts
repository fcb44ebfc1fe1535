import { randomBytes } from 'node:crypto';
import {
  EventSourcingModule,
  Forgetting,
  isErased,
  NotificationLog,
  remoteNotificationLog,
} from 'nestjs-once';
import { describeEachDatabase } from '../../support/databases.js';
import { type HttpApplication, send, startHttpApplication } from '../../support/http-application.js';
import { SHOP_EVENTS } from '../../support/shop-events.js';

const EMAIL = 'anna@example.org';

describeEachDatabase('events over HTTP that are encrypted, and personal', (db) => {
  let application: HttpApplication;
  let door: string;

  beforeEach(async () => {
    application = await startHttpApplication({
      adapter: 'express',
      database: await db.options(),
      imports: [EventSourcingModule.forNotifications()],
      options: {
        events: SHOP_EVENTS,
        payload: { encrypt: { key: { id: 'k', secret: randomBytes(32) } } },
        forgetting: {
          personal: [
            { groups: 'shop.Anything', subject: ({ user }: { user: string }) => user, properties: ['email'] },
          ],
          keyCache: 0,
        },
        http: { allow: ['shop.*'], rateLimit: false },
      },
    });
    door = `${application.url}/event/log`;
  });
  afterEach(() => application.close());

  const post = (data: object) => send(door, { __event__: 'shop.Anything', __key__: 'a', ...data });
  const data = { user: 'anna', email: EMAIL, size: 1 };
  const forget = () => application.app.get(Forgetting).forget('anna');
  /** On one server, other databases' transactions may hold up the horizon for a moment. */
  const settled = async (count: number) => {
    while ((await application.app.get(NotificationLog).select()).length < count);
  };

  it('are known when they come again, before and after somebody was forgotten', async () => {
    expect(await post(data)).toMatchObject({ status: 202, body: { recorded: true } });
    expect(await post(data)).toMatchObject({ status: 202, body: { recorded: false } });
    const another = { ...data, email: 'bert@example.org' };
    expect(await post(another)).toMatchObject({ status: 409, body: { code: 'KEY_CONFLICT' } });
    await forget();
    // Nobody can tell any more what it was.
    for (const each of [data, another])
      expect(await post(each)).toMatchObject({ status: 202, body: { recorded: false } });
    expect(await post({ ...data, size: 2 })).toMatchObject({ status: 409, body: { code: 'KEY_CONFLICT' } });
  });

  it('are given deciphered to who reads the notification log, and without what was forgotten', async () => {
    await post(data);
    await settled(1);
    const remote = remoteNotificationLog(`${application.url}/event/notifications`);
    expect((await remote.select())[0]!.data).toEqual(data);
    await forget();
    await settled(3);
    const [event] = await remote.select();
    expect(event!.data).toMatchObject({ user: 'anna', size: 1 });
    expect(isErased((event!.data as typeof data).email)).toBe(true);
  });
});
