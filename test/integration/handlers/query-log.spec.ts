import { jest } from '@jest/globals';
import { event, ModelEventSource } from 'nestjs-once';
import { Column, Entity, PrimaryGeneratedColumn, QueryFailedError } from 'typeorm';
import type { Engine } from '../../../lib/module/engine.js';
import { engineToken } from '../../../lib/module/tokens.js';
import { startApplication, type TestApplication } from '../../support/application.js';
import { describeEachDatabase } from '../../support/databases.js';
import { until } from '../../support/deferred.js';
import { scriptedHandler } from '../../support/scripted-handler.js';
import { Statements } from '../../support/statements.js';

const LOOK = /AS unreconciled/;

@Entity()
class Parcel {
  @PrimaryGeneratedColumn() id: number;
  @Column() sent: boolean;
}

class ParcelEvents {
  @ModelEventSource(Parcel)
  sent(parcel: Parcel) {
    return parcel.sent ? event('parcel_sent', parcel.id) : [];
  }
}

class Log extends Statements {
  readonly errors: string[] = [];

  override logQueryError(error?: string | Error): void {
    this.errors.push(String(error));
  }
}

describeEachDatabase("the application's query log", (db) => {
  let application: TestApplication;
  let log: Log;

  const start = async (logQueries?: boolean) => {
    log = new Log();
    application = await startApplication({
      database: { ...(await db.options()), logging: true, logger: log },
      entities: [Parcel],
      providers: [
        ParcelEvents,
        scriptedHandler('Plain', () => undefined),
        scriptedHandler('Ordered', () => undefined, { ordered: true }),
      ],
      options: {
        dispatch: 'background',
        worker: { pollInterval: 20 },
        logQueries,
      },
    });
    return application.app.get<Engine>(engineToken());
  };

  /** So many rounds of all chores, and what they do every few seconds. */
  const idle = async ({ parts, registrations }: Engine, rounds = 10) => {
    const look = jest.spyOn(parts.outlook, 'look');
    await until(() => look.mock.calls.length >= rounds);
    look.mockRestore();
    await parts.leases.rescue();
    await parts.registry.heartbeat(registrations);
    await parts.control.run((sql) => parts.leases.extend(sql, 0));
  };

  afterEach(() => application.close());

  it('shows no statement that an idle process makes by itself, and the append of a save', async () => {
    const engine = await start();
    await until(() => engine.parts.worker.isWaiting);
    await idle(engine, 5);
    log.all.length = 0;
    await idle(engine);
    expect(log.all).toEqual([]);
    await application.dataSource.getRepository(Parcel).save({ sent: true });
    expect(log.matching(/once_append|INSERT INTO \S*once_event/)).not.toEqual([]);
    await until(async () => (await application.deliveries.counts()).succeeded === 2);
  });

  it('shows none of a process whose requested re-scan waits for its turn', async () => {
    const engine = await start();
    const parcels = application.dataSource.getRepository(Parcel);
    const { id } = await parcels.save({ sent: false });
    await parcels.update(id, { sent: true });
    await until(async () => (await application.deliveries.counts()).succeeded === 2);
    // Within five minutes of the last one.
    await parcels.update(id, { sent: true });
    await idle(engine, 5);
    log.all.length = 0;
    await idle(engine);
    expect(log.all).toEqual([]);
  });

  it('shows all of them with logQueries', async () => {
    await start(true);
    await log.seen(LOOK, 3);
  });

  it('shows in any case a statement that fails', async () => {
    const { parts } = await start();
    const failed = parts.lasting.run((sql) => sql.rows('SELECT * FROM nowhere WHERE id = ?', [1]));
    await expect(failed).rejects.toThrow(QueryFailedError);
    expect(log.errors).toEqual([expect.stringContaining('nowhere')]);
  });
});
