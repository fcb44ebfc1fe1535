import { event, EventSourcingModule, Followers, type FollowerStatus } from 'nestjs-once';
import type { DataSourceOptions } from 'typeorm';
import { startApplication, type TestApplication } from '../../support/application.js';
import { CuttableProxy } from '../../support/cuttable-proxy.js';
import { type HttpApplication, startHttpApplication } from '../../support/http-application.js';
import { RecordingLogger } from '../../support/recording-logger.js';
import { Effect } from './follower-process.js';
import { type following, Ledger } from './ledger-process.js';

/** Another application, whose log is read over HTTP, by a way that can be cut. */
export class Shop {
  /** The processes that have asked, each once for each time. */
  readonly asked: string[] = [];
  /** What the headers have to say; undefined: anything. */
  token?: string;
  /** Requests for events are not answered, but kept; told of each, and what tells of its end. */
  keeps?: (response: Refusing) => void;

  application: HttpApplication;
  proxy: CuttableProxy;

  static async open(database: DataSourceOptions): Promise<Shop> {
    const shop = new Shop();
    shop.application = await startHttpApplication({
      adapter: 'express',
      database,
      options: {},
      imports: [EventSourcingModule.forNotifications({ path: 'log', most: 4 })],
      configure: (app) =>
        app.use((request: Asked, response: Refusing, next: () => void) => {
          shop.asked.push(request.headers['x-process'] ?? '');
          if (shop.keeps && !request.url.includes('limit=0')) return shop.keeps(response);
          if (shop.token === undefined || request.headers.authorization === shop.token) return next();
          response.status(401).json({ code: 'EXPIRED', message: 'Renew the token.' });
        }),
    });
    shop.proxy = await CuttableProxy.before(shop.application.url);
    return shop;
  }

  get url(): string {
    return this.proxy.through(`${this.application.url}/log`);
  }

  /** Orders of these numbers, each between things that nobody follows. */
  async order(...numbers: number[]): Promise<void> {
    await this.application.log.append(
      numbers.flatMap((n) => [
        event('Visited', n, { n }),
        { ...event('Ordered', n, { n }), orderKey: `customer ${n % 2}` },
      ]),
    );
  }

  async positionOf(n: number): Promise<number> {
    return (await this.application.log.get(event('Ordered', n, {}).key))!.position;
  }

  async close(): Promise<void> {
    await this.proxy.close();
    await this.application.close();
  }
}

interface Asked {
  url: string;
  headers: Record<string, string | undefined>;
}

interface Refusing {
  status(status: number): { json(body: object): void };
  on(event: 'close', told: () => void): void;
}

export interface Books extends TestApplication {
  followers: Followers;
  ledger: Ledger;
  logger: RecordingLogger;
}

/** An application with a database of its own, which follows the shop. */
export async function openBooks(
  database: DataSourceOptions,
  options: ReturnType<typeof following>,
  ledger = Ledger,
  synchronize = true,
): Promise<Books> {
  const logger = new RecordingLogger();
  const application = await startApplication({
    ...{ database, options, synchronize, logger },
    entities: [Effect],
    providers: [ledger],
  });
  return {
    ...application,
    followers: application.app.get(Followers),
    ledger: application.app.get(ledger),
    logger,
  };
}

export async function effectsOf({ dataSource }: TestApplication): Promise<number[]> {
  return (await dataSource.getRepository(Effect).find({ order: { id: 'ASC' } })).map(({ n }) => n);
}

/** What the follower has collected, by its keys, in the order of the log. */
export async function bookedBy({ log }: TestApplication): Promise<{ key: string; n: number }[]> {
  const booked: { key: string; n: number }[] = [];
  for await (const { key, group, data } of log.read<{ n: number }>())
    if (group === 'Booked') booked.push({ key, n: data.n });
  return booked;
}

export async function comes(
  { followers }: Books,
  condition: (status: FollowerStatus) => boolean,
): Promise<FollowerStatus> {
  for (;;) {
    const status = await followers.status('Ledger');
    if (condition(status)) return status;
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}
