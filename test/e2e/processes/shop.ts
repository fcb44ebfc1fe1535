// A process of an application, for tests that end it: node test/support/run-ts.mjs <this file> <ShopSetup as JSON>.
// It tells its parent by messages what it does.
import { setTimeout } from 'node:timers/promises';
import { Injectable, Module, type OnApplicationShutdown, type OnModuleDestroy } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { getDataSourceToken, TypeOrmModule } from '@nestjs/typeorm';
import { event, EventHandler, EventLog, type EventSourcingOptions, EventSourcingModule } from 'nestjs-once';
import { type HandlerContext, ModelEventSource, type RecordedEvent } from 'nestjs-once';
import type { DataSource } from 'typeorm';
import { type DatabaseAddress, dataSourceOptionsFrom } from '../../support/data-source-options.js';
import { Order, Receipt } from './shop-entities.js';

export interface ShopSetup {
  address: DatabaseAddress;
  /** What the process does: save orders on and on, handle them, or handle one event and close by itself. */
  role: 'produce' | 'work' | 'handle-one';
  options?: EventSourcingOptions;
}

/** What the process tells: `[what, about]`. */
export type ShopMessage = readonly [what: string, about?: string];

const tell = (...message: ShopMessage) => void (process.connected && process.send?.(message));

@Injectable()
class Orders {
  @ModelEventSource(Order)
  *events(order: Order) {
    yield event('order_placed', order.id, { order });
  }
}

@Injectable()
class Bookkeeping implements OnModuleDestroy, OnApplicationShutdown {
  @EventHandler('order_placed', { transactional: true })
  async book(recorded: RecordedEvent, { manager }: HandlerContext) {
    await manager.insert(Receipt, { kind: 'booked', eventKey: recorded.key });
    tell('booked', recorded.key);
  }

  @EventHandler('order_placed')
  async send(recorded: RecordedEvent<{ order: Order }>, { manager }: HandlerContext) {
    await manager.insert(Receipt, { kind: 'sent', eventKey: recorded.key });
    tell('sent', recorded.key);
  }

  @EventHandler('poison')
  die({ key }: RecordedEvent): void {
    if (key === 'poison_kills') process.kill(process.pid, 'SIGKILL');
    tell('survived', key);
  }

  @EventHandler('hopeless')
  fail(): void {
    tell('failing');
    throw new Error('hopeless');
  }

  onModuleDestroy(): void {
    tell('onModuleDestroy');
  }

  onApplicationShutdown(): void {
    tell('onApplicationShutdown');
  }
}

async function produce(dataSource: DataSource): Promise<void> {
  for (let number = 0; ; number++) {
    const placed = dataSource.transaction(async (manager) => {
      await manager.save(Order, [{ number }, { number }]);
      if (number % 4 === 3) throw new Error('roll back');
    });
    await placed.catch(() => undefined);
    await dataSource.getRepository(Order).save({ number });
    tell('placed');
    await setTimeout(5);
  }
}

async function main({ address, role, options }: ShopSetup): Promise<void> {
  @Module({
    imports: [
      TypeOrmModule.forRoot({
        ...dataSourceOptionsFrom(address, { entities: [Order, Receipt] }),
        autoLoadEntities: true,
      }),
      EventSourcingModule.forRoot({ ...options, dispatch: role === 'produce' ? 'none' : 'background' }),
    ],
    providers: [Orders, Bookkeeping],
  })
  class Shop {}

  const app = await NestFactory.createApplicationContext(Shop, { logger: false });
  tell('ready');
  if (role === 'produce') await produce(app.get<DataSource>(getDataSourceToken()));
  if (role !== 'handle-one') return;
  await app.get(EventLog).append({ group: 'poison', key: 'poison_harmless' });
  process.once('message', () => {
    // Without this listener and its channel nothing of ours may keep the process alive.
    process.disconnect();
    void app.close();
  });
}

await main(JSON.parse(process.argv[2]!) as ShopSetup);
