import { gzipStep, type HttpOptions, type PayloadStep } from 'nestjs-once';
import { type DatabaseUnderTest, describeEachDatabase } from '../support/databases.js';
import { type HttpApplication, send, startHttpApplication } from '../support/http-application.js';
import { DEAL, SHOP_EVENTS } from '../support/shop-events.js';

/** What an encryption is like: each time other bytes. */
const salted: PayloadStep = {
  name: 'salted',
  dump: (bytes) => Buffer.concat([crypto.getRandomValues(new Uint8Array(8)), bytes]),
  load: (bytes) => bytes.subarray(8),
};

describeEachDatabase('an event that is posted again', (db: DatabaseUnderTest) => {
  let application: HttpApplication;
  let door: string;

  const start = async (steps: PayloadStep[] = [], http: Partial<HttpOptions> = {}) => {
    const options = {
      events: SHOP_EVENTS,
      payload: { steps },
      http: { allow: ['shop.*'], rateLimit: false as const, ...http },
    };
    application = await startHttpApplication({ adapter: 'express', database: await db.options(), options });
    door = `${application.url}/event/log`;
  };
  afterEach(() => application.close());

  const anything = (key: string, data: object) => ({ __event__: 'shop.Anything', __key__: key, ...data });
  const again = (key: string) => ({ key: `http:shop.Anything:${key}`, recorded: false });

  describe.each([
    ['stored as text', []],
    ['compressed', [gzipStep]],
    ['encrypted', [gzipStep, salted]],
  ])('%s', (_, steps) => {
    it('is recorded once', async () => {
      await start(steps);
      const { status, body } = await send(door, anything('a', { x: 1, y: [{ z: 'ü' }] }));
      expect({ status, body }).toEqual({ status: 202, body: { ...again('a'), recorded: true } });
      const repeated = await send(door, anything('a', { y: [{ z: 'ü' }], x: 1 }));
      expect(repeated).toMatchObject({ status: 202, body: again('a') });
      expect(await application.events()).toHaveLength(1);
    });

    it('is refused with other data', async () => {
      await start(steps);
      await send(door, anything('a', { x: 1 }));
      for (const data of [{ x: 2 }, {}, { x: 1, y: 1 }, { x: '1' }]) {
        expect(await send(door, [anything('b', {}), anything('a', data)])).toMatchObject({
          status: 409,
          body: { statusCode: 409, code: 'KEY_CONFLICT', errors: [{ index: 1, event: 'shop.Anything' }] },
        });
      }
      expect((await application.events()).map(({ key }) => key)).toEqual(['http:shop.Anything:a']);
    });
  });

  it('takes the key of one event from the header, bare or in quotes', async () => {
    await start();
    const post = (key: string) =>
      send(`${door}?__event__=shop.Anything&x=1`, undefined, { 'idempotency-key': key });
    expect((await post('k')).body).toEqual({ ...again('k'), recorded: true });
    expect((await post('"k"')).body).toEqual(again('k'));
    expect(await send(door, [anything('a', {})], { 'idempotency-key': 'k' })).toMatchObject({ status: 400 });
    expect(await send(door, anything('a', {}), { 'idempotency-key': 'k' })).toMatchObject({ status: 400 });
  });

  it('in one request: the same once, another under its key not at all', async () => {
    await start();
    const same = [anything('a', { x: 1 }), anything('a', { x: 1 })];
    expect((await send(door, same)).body.results).toEqual([{ ...again('a'), recorded: true }, again('a')]);
    expect(await send(door, [anything('b', { x: 1 }), anything('b', { x: 2 })])).toMatchObject({
      status: 409,
      body: { errors: [{ index: 1 }] },
    });
    expect(await application.events()).toHaveLength(1);
  });

  it('keys of one name are no keys of another', async () => {
    await start();
    await send(door, anything('a', { dealId: DEAL }));
    const answer = await send(door, { __event__: 'shop.DealClick', __key__: 'a', dealId: DEAL });
    expect(answer.body).toEqual({ key: 'http:shop.DealClick:a', recorded: true });
  });

  it('is not told from what its class fills in by itself', async () => {
    await start();
    const viewed = { __event__: 'shop.Viewed', __key__: 'v', page: '/' };
    expect((await send(door, viewed)).body.recorded).toBe(true);
    expect(await send(door, viewed)).toMatchObject({ status: 202, body: { recorded: false } });
    expect(await send(door, { ...viewed, page: '/other' })).toMatchObject({ status: 409 });
    expect(await send(door, { ...viewed, at: '2020-01-01T00:00:00Z' })).toMatchObject({ status: 409 });
  });

  it('at the same time: recorded once, answered by all', async () => {
    await start();
    const same = await Promise.all(Array.from({ length: 12 }, () => send(door, anything('a', { x: 1 }))));
    expect(same.map(({ status }) => status)).toEqual(same.map(() => 202));
    expect(same.filter(({ body }) => body.recorded)).toHaveLength(1);

    const others = await Promise.all(Array.from({ length: 12 }, (_, n) => send(door, anything('b', { n }))));
    expect(others.filter(({ status }) => status === 202)).toHaveLength(1);
    expect(others.filter(({ status }) => status === 409)).toHaveLength(11);
    expect(await application.events()).toHaveLength(2);
  });

  it('at the same time, in batches that overlap crosswise', async () => {
    await start();
    const keys = Array.from({ length: 20 }, (_, n) => `k${n}`);
    const batch = (order: string[]) =>
      send(
        door,
        order.map((key) => anything(key, { key })),
      );
    const answers = await Promise.all([
      batch(keys),
      batch(keys.toReversed()),
      batch(keys),
      batch(keys.toReversed()),
    ]);
    expect(answers.map(({ status }) => status)).toEqual([202, 202, 202, 202]);
    const recorded = answers.flatMap(({ body }) => body.results).filter((result) => result.recorded);
    expect(recorded).toHaveLength(20);
    expect(await application.events()).toHaveLength(20);
  });

  it('is nothing that an internal event could occupy', async () => {
    await start();
    const append = application.log.append({ group: 'shop.Anything', key: 'http:shop.Anything:a' });
    await expect(append).rejects.toThrow(/reserved prefix "http:"/);
  });
});
