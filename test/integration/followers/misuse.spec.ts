import { Injectable, type Provider, Scope } from '@nestjs/common';
import {
  DuplicateFollowerError,
  event,
  EventSourcingError,
  Follower,
  FollowerLogChangedError,
  type FollowerOptions,
  Followers,
  InvalidFollowerError,
  InvalidOptionError,
  On,
  OnReset,
  remoteNotificationLog,
  UnknownOptionError,
} from 'nestjs-once';
import { DataSource, type DataSourceOptions } from 'typeorm';
import { startApplication } from '../../support/application.js';
import { describeEachDatabase } from '../../support/databases.js';

/** A follower with these options, which may be wrong. */
function withOptions(options: unknown): Provider {
  @Injectable()
  @Follower('Kennel', options as FollowerOptions)
  class Kennel {
    @On('Dog.Added')
    added(): void {}
  }
  return Kennel;
}

@Injectable({ scope: Scope.REQUEST })
@Follower('PerRequest')
class PerRequest {
  @On('Dog.Added')
  added(): void {}
}

@Injectable({ scope: Scope.TRANSIENT })
@Follower('Transient')
class Transient {
  @On('Dog.Added')
  added(): void {}
}

@Injectable({ scope: Scope.REQUEST })
class Visitor {}

@Injectable()
@Follower('Dependent')
class Dependent {
  constructor(readonly visitor: Visitor) {}

  @On('Dog.Added')
  added(): void {}
}

@Injectable()
class Undecorated {
  @On('Dog.Added')
  added(): void {}
}

@Injectable({ scope: Scope.REQUEST })
class UndecoratedPerRequest {
  @On('Dog.Added')
  added(): void {}
}

@Injectable()
class OnlyReset {
  @OnReset()
  empty(): void {}
}

@Injectable()
@Follower('Parent')
class Parent {
  @On('Dog.Added')
  added(): void {}
}

@Injectable()
class Child extends Parent {}

@Injectable()
@Follower('Kennel')
class First {
  @On('Dog.Added')
  added(): void {}
}

@Injectable()
@Follower('Kennel', { version: 2 })
class Second {
  @On('Dog.Added')
  added(): void {}
}

@Injectable()
@Follower('Deaf')
class Deaf {
  added(): void {}
}

@Injectable()
@Follower('Astray', { follows: ['Dog.*', /^Cat/] })
class Astray {
  @On('Dog.Added')
  added(): void {}

  @On('Bird.Added')
  bird(): void {}
}

@Injectable()
@Follower('Nothing', { follows: [] })
class Nothing {
  @On('Dog.Added')
  added(): void {}
}

@Injectable()
@Follower('Emptied')
class Emptied {
  @On('Dog.Added')
  added(): void {}

  @OnReset({ upstreams: true } as never)
  empty(): void {}
}

@Injectable()
@Follower('Blank')
class Blank {
  @On('')
  added(): void {}
}

type Misuse = [title: string, Provider[], type: Function, code: string, message: RegExp];

/** The message names the class, or its method, and the cure. */
const MISUSE: Misuse[] = [
  [
    'is request-scoped',
    [PerRequest],
    InvalidFollowerError,
    'INVALID_FOLLOWER',
    /PerRequest: .*default scope/,
  ],
  [
    'is transient-scoped',
    [Transient],
    InvalidFollowerError,
    'INVALID_FOLLOWER',
    /Transient: .*default scope/,
  ],
  [
    'depends on what is request-scoped',
    [Visitor, Dependent],
    InvalidFollowerError,
    'INVALID_FOLLOWER',
    /Dependent: .*default scope/,
  ],
  [
    'has @On without @Follower',
    [Undecorated],
    InvalidFollowerError,
    'INVALID_FOLLOWER',
    /Undecorated\.added: .*@Follower\(name\)/,
  ],
  [
    'has @On without @Follower in a request-scoped class',
    [UndecoratedPerRequest],
    InvalidFollowerError,
    'INVALID_FOLLOWER',
    /UndecoratedPerRequest\.added: .*@Follower\(name\)/,
  ],
  [
    'has @OnReset without @Follower',
    [OnlyReset],
    InvalidFollowerError,
    'INVALID_FOLLOWER',
    /OnlyReset\.empty: .*@Follower\(name\)/,
  ],
  [
    'inherits @On from a follower and is none itself',
    [Child],
    InvalidFollowerError,
    'INVALID_FOLLOWER',
    /Child\.added: .*@Follower\(name\)/,
  ],
  [
    'has the name of another',
    [First, Second],
    DuplicateFollowerError,
    'DUPLICATE_FOLLOWER',
    /Second: its name "Kennel" is that of First already.*give one of them another/,
  ],
  ['has no @On', [Deaf], InvalidFollowerError, 'INVALID_FOLLOWER', /Deaf: .*Decorate one or more with @On/],
  [
    'has an @On that can match nothing of follows',
    [Astray],
    InvalidFollowerError,
    'INVALID_FOLLOWER',
    /Astray\.bird: @On\("Bird\.Added"\).*add its pattern to follows/,
  ],
  [
    'follows an empty array',
    [Nothing],
    InvalidFollowerError,
    'INVALID_FOLLOWER',
    /Nothing: .*a pattern or more/,
  ],
  [
    'has an empty pattern',
    [Blank],
    InvalidFollowerError,
    'INVALID_FOLLOWER',
    /Blank\.added: .*non-empty strings/,
  ],
  [
    'has an unknown option',
    [withOptions({ batchsize: 3 })],
    UnknownOptionError,
    'UNKNOWN_OPTION',
    /Kennel.*batchsize.*batchSize|batchsize.*Kennel.*batchSize/s,
  ],
  [
    'has an unknown option of @OnReset',
    [Emptied],
    UnknownOptionError,
    'UNKNOWN_OPTION',
    /upstreams.*Emptied\.empty|Emptied\.empty.*upstreams/s,
  ],
  [
    'has a batch size that is none',
    [withOptions({ batchSize: 0 })],
    InvalidOptionError,
    'INVALID_OPTION',
    /batchSize.*Kennel|Kennel.*batchSize/s,
  ],
  [
    'has an onError that is none',
    [withOptions({ onError: 'ignore' })],
    InvalidOptionError,
    'INVALID_OPTION',
    /onError.*Kennel|Kennel.*onError/s,
  ],
  [
    'has an unknown option of retry',
    [withOptions({ retry: { retries: 3 } })],
    UnknownOptionError,
    'UNKNOWN_OPTION',
    /retries.*Kennel|Kennel.*retries/s,
  ],
  [
    'follows a DataSource that there is not',
    [withOptions({ dataSource: 'archive' })],
    InvalidFollowerError,
    'INVALID_FOLLOWER',
    /Kennel: .*archive/,
  ],
  [
    'follows an upstream that there is not',
    [withOptions({ from: 'orders' })],
    InvalidFollowerError,
    'INVALID_FOLLOWER',
    /Kennel: expected from to be one of the upstreams of forRoot \(there are none\), got "?orders/,
  ],
  [
    'has null for options',
    [withOptions(null)],
    UnknownOptionError,
    'UNKNOWN_OPTION',
    /Kennel: .*Known options: follows/,
  ],
];

describeEachDatabase('an application does not start where a follower', (db) => {
  let database: DataSourceOptions;

  // Nothing is written by an application that does not start: one database serves all.
  beforeAll(async () => {
    database = await db.options();
  });

  it.each(MISUSE)('%s', async (_title, providers, type, code, message) => {
    const starting = startApplication({ database, providers });
    const error: unknown = await starting.then(
      ({ close }) => close(),
      (thrown: unknown) => thrown,
    );
    expect(error).toBeInstanceOf(type);
    expect(error).toBeInstanceOf(EventSourcingError);
    expect(error).toMatchObject({ code, message: expect.stringMatching(message) });
  });

  it('and starts where the fault is mended, with no row of those that were refused', async () => {
    const { log, dataSource, close } = await startApplication({ database, providers: [First] });
    await log.append([event('Dog.Added', 1)]);
    expect(await namesIn(dataSource)).toEqual(['Kennel']);
    await close();
  });
});

describeEachDatabase('the upstreams of an application', (db) => {
  const upstreams = { shop: remoteNotificationLog('http://127.0.0.1:1/log') };

  it.each([
    [{ 'a:b': upstreams.shop }],
    [{ shop: 'http://127.0.0.1:1/log' }],
    [null],
    [{ '': upstreams.shop }],
  ])('are logs by names, and not %p', async (wrong) => {
    const options = { upstreams: wrong as never };
    const starting = startApplication({ database: await db.options(), options });
    await expect(starting).rejects.toThrow(InvalidOptionError);
  });

  it('stay what a follower follows, whatever its version', async () => {
    const database = await db.options();
    const start = (options: FollowerOptions) =>
      startApplication({ database, providers: [withOptions(options)], options: { upstreams } });
    await (await start({ from: 'shop' })).close();
    for (const options of [{}, { version: 2 }]) {
      const changed = start(options);
      await expect(changed).rejects.toThrow(FollowerLogChangedError);
      await expect(changed).rejects.toThrow('give the follower another name');
    }
    const { app, close } = await start({ from: 'shop', version: 2 });
    expect(await app.get(Followers).status('Kennel')).toMatchObject({ from: 'shop', version: 2 });
    await close();
  });
});

async function namesIn(dataSource: DataSource): Promise<string[]> {
  const rows = await dataSource.query<{ name: string }[]>('SELECT name FROM once_follower');
  return rows.map(({ name }) => name);
}
