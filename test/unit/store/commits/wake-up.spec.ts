import { jest } from '@jest/globals';
import type { ConnectionTenant, ControlConnection } from '../../../../lib/store/db/control-connection.js';
import type { Database } from '../../../../lib/store/db/database.js';
import { channelOf } from '../../../../lib/store/dialects/postgres/signals.js';
import type { SignalListener, Signals } from '../../../../lib/store/ports/signals.js';
import { tablesOf } from '../../../../lib/store/ports/tables.js';
import { WakeUp } from '../../../../lib/store/commits/wake-up.js';

/** The control connection and what goes over it, without a database. */
class FakeConnection {
  /** What was sent and what happened, each with its time. */
  readonly told: string[] = [];
  listener?: SignalListener;
  away = false;
  cannotListen = false;
  private tenant?: ConnectionTenant;
  private isOpened = false;
  private readonly start = performance.now();

  readonly signals: Signals = {
    keepOpen: {},
    longest: 10,
    riding: () => [],
    send: async (_sql, _tables, messages) => {
      for (const [channel, message] of messages)
        this.note(channel === 'wake_up' ? `sent "${message}"` : `sent of groups "${message}"`);
    },
    listen: async (_sql, _tables, listener) => {
      this.note('listen');
      if (this.cannotListen) throw new Error('cannot listen');
      this.listener = listener;
    },
  };

  accommodate(tenant: ConnectionTenant): void {
    this.tenant = tenant;
  }

  async run(work: (sql: never) => Promise<unknown>): Promise<unknown> {
    if (this.away) {
      this.note('away');
      throw new Error('no route to host');
    }
    if (!this.isOpened) this.isOpened = await this.tenant!.opened(undefined as never);
    return work(undefined as never);
  }

  /** The server ends the connection. */
  end(): void {
    this.isOpened = false;
    this.listener!.ended();
  }

  /** It is given up, and another one made by its next use. */
  close(): void {
    this.isOpened = false;
    this.tenant!.closed();
  }

  note(what: string): void {
    this.told.push(`${what} at ${Math.round(performance.now() - this.start)}`);
  }

  wakeUp(): WakeUp {
    const database = { dialect: { signals: this.signals }, tables: {} } as unknown as Database;
    return new WakeUp({
      database,
      control: this as unknown as ControlConnection,
      heard: (ids) => this.note(`heard ${ids ? [...ids].join(' and ') : 'anything'}`),
      elsewhere: (groups) => this.note(`heard of ${groups ? [...groups].join(' and ') : 'any group'}`),
      deaf: (error) => this.note(`deaf: ${(error as Error).message}`),
      hearing: () => this.note('hearing'),
      mute: (error) => this.note(`mute: ${(error as Error).message}`),
      random: () => 0,
    });
  }
}

describe('WakeUp', () => {
  let connection: FakeConnection;
  let wakeUp: WakeUp;

  const pass = (milliseconds: number) => jest.advanceTimersByTimeAsync(milliseconds);
  const told = () => connection.told.splice(0);

  beforeEach(() => {
    jest.useFakeTimers({ doNotFake: ['nextTick', 'setImmediate'] });
    connection = new FakeConnection();
    wakeUp = connection.wakeUp();
  });

  afterEach(async () => {
    await wakeUp.stop();
    jest.useRealTimers();
  });

  /** Listens, and forgets what that told. */
  const listen = async () => {
    wakeUp.listen();
    await pass(5);
    expect(wakeUp.isHearing).toBe(true);
    connection.told.length = 0;
  };

  it('tells at once, and then for several commits together', async () => {
    for (let handler = 1; handler <= 12; handler++) {
      wakeUp.tell({ handlerIds: [handler] });
      await pass(1);
    }
    await pass(100);
    expect(told()).toEqual([
      'sent "1" at 0',
      'sent "2,3,4,5" at 5',
      // Seven handlers are more than a message holds here.
      'sent "" at 15',
    ]);
  });

  it('tells of anything when the list is too long, or not known', async () => {
    wakeUp.tell({ handlerIds: [1001, 1002, 1003] });
    await pass(1);
    wakeUp.tell({ handlerIds: [1] });
    wakeUp.tell({ handlerIds: undefined });
    await pass(5);
    expect(told()).toEqual(['sent "" at 0', 'sent "" at 5']);
  });

  it('tells nothing when nothing is to be told', async () => {
    wakeUp.tell({ handlerIds: [] });
    await pass(10);
    expect(told()).toEqual([]);
  });

  it('does not try at each commit what does not work, and says so once', async () => {
    connection.away = true;
    for (let count = 0; count < 150; count++) {
      wakeUp.tell({ handlerIds: [1] });
      await pass(10);
    }
    expect(told()).toEqual(['away at 0', 'mute: no route to host at 0', 'away at 1000']);
    connection.away = false;
    await pass(1000);
    expect(told()).toEqual(['sent "1" at 2000']);
  });

  it('hears which handlers have something to do', async () => {
    await listen();
    connection.listener!.heard('wake_up', '3,17');
    connection.listener!.heard('wake_up', '');
    expect(told()).toEqual(['heard 3 and 17 at 5', 'heard anything at 5']);
  });

  it('tells and hears of which groups events were committed, besides', async () => {
    await listen();
    wakeUp.tell({ handlerIds: [1], groups: ['a', 'a'] });
    wakeUp.tell({ handlerIds: [], groups: ['too long'] });
    await pass(1);
    connection.listener!.heard('committed', '["x","y"]');
    for (const any of ['', 'no list']) connection.listener!.heard('committed', any);
    await pass(5);
    expect(told()).toEqual([
      'sent "1" at 5',
      'sent of groups "["a"]" at 5',
      'heard of x and y at 6',
      'heard of any group at 6',
      'heard of any group at 6',
      'sent of groups "" at 10',
    ]);
  });

  it('listens again when the connection ended, and takes it that something was missed', async () => {
    await listen();
    connection.end();
    expect(wakeUp.isHearing).toBe(false);
    await pass(100);
    expect(wakeUp.isHearing).toBe(true);
    expect(told()).toEqual([
      'deaf: the connection ended at 5',
      'listen at 105',
      'hearing at 105',
      'heard anything at 105',
      'heard of any group at 105',
    ]);
  });

  it('tries less and less often while the database is away, and says so once', async () => {
    await listen();
    connection.away = true;
    connection.end();
    await pass(1550);
    expect(told()).toEqual([
      'deaf: the connection ended at 5',
      ...[105, 305, 705, 1505].map((time) => `away at ${time}`),
    ]);
    await pass(60_000);
    expect(told().length).toBeLessThan(10);
    connection.away = false;
    await pass(10_000);
    expect(wakeUp.isHearing).toBe(true);
  });

  it('listens on the connection that was opened after one was given up, whatever the old one says then', async () => {
    await listen();
    const old = connection.listener!;
    connection.close();
    expect(wakeUp.isHearing).toBe(false);
    await connection.run(async () => undefined);
    expect(wakeUp.isHearing).toBe(true);
    old.ended();
    expect(wakeUp.isHearing).toBe(true);
  });

  it('tries again where listening does not work, and leaves the connection to others meanwhile', async () => {
    connection.cannotListen = true;
    wakeUp.listen();
    await pass(250);
    expect(told()).toEqual(['listen at 0', 'deaf: cannot listen at 0', 'listen at 100']);
    wakeUp.tell({ handlerIds: [1] });
    await pass(0);
    expect(told()).toEqual(['listen at 250', 'sent "1" at 250']);
  });

  it('sends at its end what is still to be told, and nothing any more', async () => {
    wakeUp.tell({ handlerIds: [1] });
    await pass(0);
    wakeUp.tell({ handlerIds: [2] });
    const stopped = wakeUp.stop();
    wakeUp.tell({ handlerIds: [3] });
    await pass(0);
    await stopped;
    await pass(100);
    expect(told()).toEqual(['sent "1" at 0', 'sent "2" at 0']);
  });
});

describe('channelOf', () => {
  const channel = (prefix: string, schemaName?: string) =>
    channelOf(
      tablesOf(
        { prefix, ...(schemaName ? { schemaName } : {}) },
        (name) => `"${name.replaceAll('"', '""')}"`,
      ),
      'wake_up',
    );

  it('tells sets of tables apart', () => {
    expect([channel('once_'), channel('shop_'), channel('once_', 'shop')]).toEqual([
      'once_wake_up',
      'shop_wake_up',
      'shop.once_wake_up',
    ]);
  });

  it('is no longer than the server takes, and still differs', () => {
    const names = ['a', 'b'].map((end) => channel('once_', `${'long'.repeat(15)}${end}`));
    expect(new Set(names).size).toBe(2);
    for (const name of names) expect(name).toMatch(/^once_[0-9a-f]{40}$/);
  });

  it('holds no quote', () => {
    expect(channel('once_', 'a"b')).toBe('ab.once_wake_up');
  });
});
