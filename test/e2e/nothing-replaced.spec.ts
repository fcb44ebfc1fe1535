import { type DynamicModule, Injectable } from '@nestjs/common';
import { Test } from '@nestjs/testing';
import { TypeOrmModule } from '@nestjs/typeorm';
import {
  event,
  EventEntity,
  EventHandler,
  EventLog,
  EventSourcingModule,
  eventSourcingEntities,
  type HandlerContext,
  ModelEventSource,
  NonRetriableError,
  type RecordedEvent,
} from 'nestjs-once';
import { filter, firstValueFrom, Observable, Subject, Subscriber } from 'rxjs';
import * as typeorm from 'typeorm';
import {
  Column,
  DataSource,
  type DataSourceOptions,
  Entity,
  EntityManager,
  type EntitySubscriberInterface,
  type InsertEvent,
  PrimaryGeneratedColumn,
  type QueryRunner,
  type SelectQueryBuilder,
} from 'typeorm';
import { type DatabaseUnderTest, describeEachDatabase } from '../support/databases.js';
import { differences, type Members, membersOf, membersOfPrototype } from '../support/members.js';

const PREFIX = 'app_';

@Entity()
class Thing {
  @PrimaryGeneratedColumn() id: number;
  @Column() title: string;
}

/** What was seen, by moment and object. */
type Seen = Map<string, Members>;

interface Pools {
  master?: object;
  pool?: object;
  postgres?: Record<'Client' | 'Pool' | 'Query', { prototype: object }>;
}

/** Looks at the application's objects at moments that have names. */
class Watch {
  readonly seen: Seen = new Map();
  private statics: Record<string, object> = {};
  private prototypes: Record<string, object> = {};
  private dataSource?: DataSource;

  follow(dataSource: DataSource): void {
    const { manager, driver } = dataSource;
    const { master, pool, postgres } = driver as unknown as Pools;
    this.dataSource = dataSource;
    this.statics = { dataSource, manager, driver, ...(master && { pool: master }), ...(pool && { pool }) };
    this.prototypes = {
      ...ofClasses(typeorm, [
        'DataSource',
        'EntityManager',
        'Repository',
        'QueryBuilder',
        'SelectQueryBuilder',
        'InsertQueryBuilder',
        'UpdateQueryBuilder',
        'DeleteQueryBuilder',
        'RelationQueryBuilder',
      ]),
      ...ofClasses({ Observable, Subscriber, Subject }, ['Observable', 'Subscriber', 'Subject']),
      ...(postgres ? ofClasses(postgres, ['Client', 'Pool', 'Query']) : {}),
    };
  }

  /** Everything that is there all the time. */
  look(moment: string): void {
    for (const [name, object] of Object.entries(this.statics)) this.note(moment, name, membersOf(object));
    for (const [name, prototype] of Object.entries(this.prototypes))
      this.note(moment, `${name}.prototype`, membersOfPrototype(prototype));
    for (const target of [Thing, EventEntity]) {
      const metadata = this.dataSource!.getMetadata(target);
      this.note(moment, `metadata of ${target.name}`, membersOf(metadata, true));
      metadata.columns.forEach((column) =>
        this.note(moment, `column ${target.name}.${column.propertyName}`, membersOf(column, true)),
      );
    }
  }

  /** Everything that is there all the time, and what exists while the DataSource is open. */
  async lookAround(moment: string, running?: QueryRunner): Promise<void> {
    this.look(moment);
    const dataSource = this.dataSource!;
    const fresh = dataSource.createQueryRunner();
    this.lookAt(moment, 'a new query runner', fresh);
    await fresh.release();
    this.note(moment, 'a repository', membersOf(dataSource.getRepository(Thing)));
    const builder = dataSource.createQueryBuilder(Thing, 'thing');
    this.note(moment, 'a query builder', membersOf(builder));
    this.note(moment, 'a soft-delete query builder', membersOf(builder.softDelete()));
    if (running) await this.lookInto(moment, running);
  }

  /** A query runner, with the connection that it has. */
  private async lookInto(moment: string, runner: QueryRunner): Promise<void> {
    this.lookAt(moment, 'the query runner', runner);
    const client = (await runner.connect()) as { connection?: unknown };
    // Of a connection that the pool has had back before: which one it hands out is its own affair.
    const members = [...membersOf(client)].filter(([name]) => name !== 'own _poolUseCount');
    this.note(moment, "the driver's connection", new Map(members));
    if (isObject(client.connection))
      this.note(moment, "the connection of the driver's connection", membersOf(client.connection));
    const builder: SelectQueryBuilder<Thing> = runner.manager.createQueryBuilder(Thing, 'thing');
    this.note(moment, 'a query builder in a transaction', membersOf(builder));
  }

  lookAt(moment: string, name: string, runner: QueryRunner): void {
    this.note(moment, name, membersOf(runner));
    this.note(moment, `the manager of ${name}`, membersOf(runner.manager));
    this.note(moment, `the broadcaster of ${name}`, membersOf(runner.broadcaster));
  }

  private note(moment: string, name: string, members: Members): void {
    this.seen.set(`${moment}: ${name}`, members);
  }
}

function ofClasses(classes: Record<string, unknown>, names: readonly string[]): Record<string, object> {
  return Object.fromEntries(names.map((name) => [name, (classes[name] as { prototype: object }).prototype]));
}

function isObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null;
}

/** What the handlers do; without the module, what transactions of the application do in their place. */
class Work {
  failed?: QueryRunner;

  constructor(private readonly watch: Watch) {}

  async good(manager: EntityManager): Promise<void> {
    await manager.find(Thing);
    await this.watch.lookAround('in a handler', manager.queryRunner);
  }

  async bad(manager: EntityManager): Promise<void> {
    await manager.find(Thing);
    this.failed = manager.queryRunner!;
    throw new NonRetriableError('bad');
  }
}

@Injectable()
class Things {
  constructor(private readonly work: Work) {}

  @ModelEventSource(Thing)
  made({ id, title }: Thing) {
    return event(`thing.${title}`, `thing_${id}`);
  }

  @EventHandler('thing.good', { transactional: true })
  async good(_: RecordedEvent, context: HandlerContext): Promise<void> {
    await this.work.good(context.manager);
  }

  @EventHandler('thing.bad', { transactional: true })
  async bad(_: RecordedEvent, context: HandlerContext): Promise<void> {
    await this.work.bad(context.manager);
  }
}

/** A subscriber of the application's, which looks during its saves. */
function subscriberOf(watch: Watch): EntitySubscriberInterface<Thing> {
  const look = (hook: string) => async (seen: InsertEvent<Thing>) => {
    if (seen.entity.title === 'plain') await watch.lookAround(`in ${hook} of a save`, seen.queryRunner);
  };
  return { listenTo: () => Thing, beforeInsert: look('beforeInsert'), afterInsert: look('afterInsert') };
}

/** The story: an application with the module, or one without, which does by itself what the module would. */
class Story {
  readonly watch = new Watch();
  private readonly work: Work;

  constructor(
    private readonly db: DatabaseUnderTest,
    private readonly isAlone: boolean,
    private readonly withModule: boolean,
  ) {
    this.work = new Work(this.watch);
  }

  async tell(): Promise<Seen> {
    const { watch } = this;
    const app = await this.start();
    const dataSource = app.get(DataSource);
    await watch.lookAround('after the start');
    dataSource.subscribers.push(subscriberOf(watch));
    const save = (title: string) => dataSource.manager.save(dataSource.manager.create(Thing, { title }));
    await save('plain');
    await watch.lookAround('after a save');
    await dataSource.transaction(async (manager) => {
      await manager.save(manager.create(Thing, { title: 'transacted' }));
      await watch.lookAround('in a transaction', manager.queryRunner);
      await manager.transaction(async () => watch.look('in a savepoint'));
    });
    const handled = this.withModule ? this.handled(app.get(EventLog)) : undefined;
    for (const title of ['good', 'bad']) {
      await save(title);
      if (!this.withModule) await this.handle(dataSource, title as 'good' | 'bad');
    }
    await handled;
    await watch.lookAround('after a failed handler');
    watch.lookAt('after a failed handler', 'its query runner', this.work.failed!);
    await app.close();
    watch.look('after the end');
    return watch.seen;
  }

  private async start() {
    const { db, isAlone, watch, work, withModule } = this;
    const options = {
      ...(await db.options(isAlone ? { poolSize: 1 } : {})),
      entities: [Thing, ...eventSourcingEntities({ prefix: PREFIX })],
      synchronize: true,
    } as DataSourceOptions;
    const imports: DynamicModule[] = [
      TypeOrmModule.forRootAsync({
        useFactory: () => ({ ...options, retryAttempts: 0 }),
        dataSourceFactory: async (given) => {
          const dataSource = await new DataSource(given!).initialize();
          watch.follow(dataSource);
          await watch.lookAround('before the start');
          return dataSource;
        },
      }),
    ];
    if (withModule) imports.push(EventSourcingModule.forRoot({ prefix: PREFIX, schema: 'migrate' }));
    const providers = withModule ? [Things, { provide: Work, useValue: work }] : [];
    const testing = await Test.createTestingModule({ imports, providers }).compile();
    testing.useLogger(false);
    return testing.init();
  }

  /** Resolves when both handlers have been run and marked. */
  private handled(log: EventLog): Promise<unknown> {
    const outcome = (wanted: string) =>
      firstValueFrom(log.stream().pipe(filter((item) => item.type === 'handled' && item.outcome === wanted)));
    return Promise.all([outcome('succeeded'), outcome('dead')]);
  }

  private async handle(dataSource: DataSource, title: 'good' | 'bad'): Promise<void> {
    await dataSource
      .transaction((manager) => this.work[title](manager))
      .catch((error: unknown) => {
        if (!(error instanceof NonRetriableError)) throw error;
      });
  }
}

/** What is other with the module than without it, at the same moments. */
async function findings(db: DatabaseUnderTest, isAlone: boolean): Promise<string[]> {
  const without = await new Story(db, isAlone, false).tell();
  const withModule = await new Story(db, isAlone, true).tell();
  expect([...withModule.keys()].sort()).toEqual([...without.keys()].sort());
  return [...withModule].flatMap(([where, members]) =>
    differences(without.get(where)!, members).map((line) => `${where}: ${line}`),
  );
}

/** The methods of a query runner that the gate stands before. */
const GATED = [
  'query',
  'getStmt',
  'startTransaction',
  'commitTransaction',
  'rollbackTransaction',
  'release',
  'beforeMigration',
  'afterMigration',
  'clearDatabase',
  'loadPragmaRecords',
  Symbol.asyncDispose,
];

/** What the SQLite gate replaces, and nothing else, by object and member. */
const REPLACED_BY_THE_GATE: readonly string[] = [
  'dataSource: own createEntityManager was added',
  'driver: own connect was added',
  'driver: own createQueryRunner was added',
  'driver: own disconnect was added',
  'manager: own transaction was added',
  'a manager: own transaction was added',
  ...['prototype', ...GATED.map(String)].map((name) => `a query runner: ${name} was replaced`),
  'a query runner: own Symbol(gate) was added',
  'a broadcaster: prototype was replaced',
  'a broadcaster: its methods were replaced',
];

/** A finding without its moment, and without the name of one of many objects of a kind. */
function kindOf(finding: string): string {
  return finding
    .slice(finding.indexOf(': ') + 2)
    .replace(/^(the manager of |the broadcaster of )?(a new|the|its) query runner: /, (_, part?: string) =>
      part ? `a ${part.split(' ')[1]}: ` : 'a query runner: ',
    )
    .replace(/^(a broadcaster): (broadcast|isAllowed)\w* was replaced$/, '$1: its methods were replaced');
}

describeEachDatabase('nothing of the application or its driver is replaced', (db) => {
  if (db.name === 'sqlite') {
    it('but for what the gate replaces', async () => {
      const replaced = (await findings(db, false)).map(kindOf);
      expect([...new Set(replaced)].sort()).toEqual([...REPLACED_BY_THE_GATE].sort());
    });
    return;
  }

  it('before, during and after the life of the module', async () => {
    expect(await findings(db, false)).toEqual([]);
  });

  it('nor with a pool of one', async () => {
    expect(await findings(db, true)).toEqual([]);
  });
});
