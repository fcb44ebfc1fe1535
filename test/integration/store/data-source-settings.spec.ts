import { Injectable } from '@nestjs/common';
import { event, EventHandler, ModelEventSource, type RecordedEvent } from 'nestjs-once';
import { drain } from 'nestjs-once/testing';
import {
  Column,
  DataSource,
  type DataSourceOptions,
  DefaultNamingStrategy,
  Entity,
  ManyToOne,
  PrimaryGeneratedColumn,
  type Relation,
} from 'typeorm';
import { Database } from '../../../lib/store/db/database.js';
import { startApplication } from '../../support/application.js';
import { type DatabaseUnderTest, type ExtraOptions, describeEachDatabase } from '../../support/databases.js';

@Entity()
class Shop {
  @PrimaryGeneratedColumn()
  id: number;

  @Column()
  town: string;
}

@Entity()
class Ware {
  @PrimaryGeneratedColumn()
  id: number;

  @Column()
  title: string;

  @Column({ type: 'simple-json', nullable: true })
  tags: unknown;

  @ManyToOne(() => Shop, { eager: true, cascade: true })
  shop: Relation<Shop>;
}

@Injectable()
class Wares {
  seen: string[] = [];
  handled: string[] = [];
  counted = 0;

  @ModelEventSource(Ware)
  source(ware: Ware) {
    this.seen.push(`${ware.title} in ${ware.shop.town}`);
    return event('ware', `${ware.id}_${ware.title}`, { ware });
  }

  @EventHandler('ware')
  handle({ data, key }: RecordedEvent<{ ware: Ware }>) {
    this.handled.push(`${key}: ${data.ware.title} in ${data.ware.shop.town}`);
  }

  @EventHandler('ware', { transactional: true })
  count() {
    this.counted++;
  }
}

class UpperCase extends DefaultNamingStrategy {
  override tableName(className: string, customName: string | undefined): string {
    return super.tableName(className, customName).toLowerCase();
  }

  override columnName(propertyName: string, customName: string, prefixes: string[]): string {
    return super.columnName(propertyName, customName, prefixes).toUpperCase();
  }

  override joinColumnName(relationName: string, column: string): string {
    return super.joinColumnName(relationName, column).toUpperCase();
  }
}

/** Each alone, because they change what others do. */
const ALONE: Record<string, ExtraOptions> = {
  'a cache that is always on': { cache: { alwaysEnabled: true, duration: 60_000 } },
  'a cache that is always on, also for relations': {
    cache: { alwaysEnabled: true, duration: 60_000 },
    relationLoadStrategy: 'query',
  },
  'serializable transactions': { isolationLevel: 'SERIALIZABLE' },
};

const EVERYWHERE: ExtraOptions = {
  entityPrefix: 'app_',
  namingStrategy: new UpperCase(),
  isolateWhereStatements: true,
  invalidWhereValuesBehavior: { null: 'throw', undefined: 'throw' },
  relationLoadStrategy: 'query',
  maxQueryExecutionTime: 60_000,
  entitySkipConstructor: true,
};

const TOGETHER: Record<DatabaseUnderTest['dialect'], Record<string, ExtraOptions>> = {
  sqlite: { 'all others': EVERYWHERE },
  postgres: {
    'all others': { ...EVERYWHERE, schema: 'app', parseInt8: true, useUTC: true, uuidExtension: 'pgcrypto' },
  },
  mysql: {
    'all others': { ...EVERYWHERE, charset: 'utf8mb4_general_ci', multipleStatements: true },
    'all conversions': {
      dateStrings: true,
      bigNumberStrings: false,
      supportBigNumbers: false,
      timezone: '+05:00',
      extra: { decimalNumbers: true, typeCast: tinyBooleans },
    },
  },
};

function tinyBooleans(field: { type: string; string(): string | null }, next: () => unknown): unknown {
  return field.type === 'TINY' ? field.string() === '1' : next();
}

describeEachDatabase('Settings of the DataSource do not reach what the log reads', (db) => {
  const start = (database: DataSourceOptions, schema: 'migrate' | 'verify') =>
    startApplication({ database, entities: [Ware, Shop], providers: [Wares], options: { schema } });

  it.each(Object.entries({ ...ALONE, ...TOGETHER[db.dialect] }))('%s', async (_, setting) => {
    const database = await db.options(setting);
    await createSchema(database);
    const { app, dataSource, rescan, close } = await start(database, 'migrate');
    try {
      const { manager } = dataSource;
      const wares = app.get(Wares);
      const ware = await manager.save(newWare('a', 'x'));
      await manager.save(Object.assign(ware, { title: 'b' }));
      expect(wares.seen).toEqual(['a in x', 'b in x']);
      await drain(app);
      expect(wares.handled.sort()).toEqual(['a', 'b'].map((title) => `ware_${ware.id}_${title}: b in x`));
      await manager.update(Ware, { id: ware.id }, { title: 'c' });
      await manager.update(Shop, { id: ware.shop.id }, { town: 'y' });
      await rescan.run();
      await drain(app);
      expect(wares.handled.at(-1)).toBe(`ware_${ware.id}_c: c in y`);
      expect(wares.counted).toBe(3);
    } finally {
      await close();
    }
    expect(await keysAfterRestart(database)).toHaveLength(3);
  });

  const keysAfterRestart = async (database: DataSourceOptions) => {
    await (await start(database, 'migrate')).close();
    const { log, close } = await start(database, 'verify');
    const keys: string[] = [];
    for await (const { key } of log.read()) keys.push(key);
    await close();
    return keys;
  };

  if (db.name === 'postgres')
    it('transactions of the log are READ COMMITTED, whatever those of the DataSource are', async () => {
      const options = await db.options({ isolationLevel: 'SERIALIZABLE' });
      const dataSource = await new DataSource(options).initialize();
      const database = new Database(dataSource, { prefix: 'once_' });
      await database.readIsolation();
      const level = await database.transaction((sql) =>
        sql.row("SELECT current_setting('transaction_isolation') AS level"),
      );
      await dataSource.destroy();
      expect(level).toEqual({ level: 'read committed' });
    });
});

/** TypeORM creates none for its own table of the cache. */
async function createSchema(database: DataSourceOptions): Promise<void> {
  const { schema, ...rest } = database as { schema?: string };
  if (schema === undefined) return;
  const dataSource = await new DataSource(rest as DataSourceOptions).initialize();
  await dataSource.query(`CREATE SCHEMA ${schema}`);
  await dataSource.destroy();
}

/** A Date in the tags makes it one that a source is not given as it was saved. */
function newWare(title: string, town: string): Ware {
  const shop = Object.assign(new Shop(), { town });
  return Object.assign(new Ware(), { title, tags: { since: new Date(0) }, shop });
}
