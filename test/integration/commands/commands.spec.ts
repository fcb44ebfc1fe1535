import { fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { Injectable } from '@nestjs/common';
import { IsInt } from 'class-validator';
import {
  AskInTransactionError,
  type CommandContext,
  CommandHandler,
  Commands,
  CommandTimeoutError,
  CommandType,
  EventHandler,
  EventSourcingModule,
  EventValidationError,
  InvalidCommandError,
  ok,
  type RecordedEvent,
} from 'nestjs-once';
import type { DataSourceOptions } from 'typeorm';
import { startApplication, type TestApplication } from '../../support/application.js';
import {
  type DatabaseAddress,
  dataSourceOptionsFrom,
  describeEachDatabase,
} from '../../support/databases.js';
import { until } from '../../support/deferred.js';
import { Note, PaidInFull, Pay } from './payments.js';

const RUN_TS = fileURLToPath(new URL('../../support/run-ts.mjs', import.meta.url));
const PROCESS = fileURLToPath(new URL('./command-process.ts', import.meta.url));

@CommandType('payment.Refund')
class Refund {
  @IsInt() amount = 0;
}

@Injectable()
class Till {
  content = 100;
}

@Injectable()
class Refunds {
  constructor(private readonly till: Till) {}

  @CommandHandler(Refund)
  refund(refund: Refund) {
    return ok({ left: this.till.content - refund.amount, isRefund: refund instanceof Refund });
  }
}
Reflect.defineMetadata('design:paramtypes', [Till], Refunds);

@Injectable()
class OtherRefunds {
  @CommandHandler(Refund)
  refund() {}
}

@CommandType('payment.Orphan')
class Orphan {}

describeEachDatabase('commands', (db) => {
  let address: DatabaseAddress;
  let database: DataSourceOptions;
  let applications: TestApplication[];

  beforeEach(async () => {
    address = await db.create();
    database = dataSourceOptionsFrom(address);
    applications = [];
    Pay.written = () => undefined;
  });

  afterEach(() => Promise.all(applications.map((application) => application.close())));

  const start = async (feature: object, providers: any[] = [], options: object = {}) => {
    const application = await startApplication({
      database,
      entities: [Note],
      synchronize: applications.length === 0,
      providers,
      imports: [EventSourcingModule.forFeature({ events: [PaidInFull], ...feature })],
      options: { dispatch: 'background', worker: { pollInterval: 20, lease: '3s' }, ...options },
    });
    applications.push(application);
    return Object.assign(application, { commands: application.app.get(Commands) });
  };

  const notes = ({ dataSource }: TestApplication) => dataSource.getRepository(Note).count();
  const results = async ({ log }: TestApplication) => {
    const found: RecordedEvent[] = [];
    for await (const event of log.read({ groups: ['payment.Pay.Result'] })) found.push(event);
    return found;
  };

  it('are executed once, and who asks has the result', async () => {
    const application = await start({ commands: [Pay] });
    expect(await application.commands.ask(new Pay('a', 7))).toEqual({ ok: true, value: { paid: 7 } });
    expect(await application.commands.ask(new Pay('a', 7))).toEqual({ ok: true, value: { paid: 7 } });
    expect(await application.commands.send(new Pay('a', 7))).toEqual({ key: 'pay a', recorded: false });
    expect(await notes(application)).toBe(1);
  });

  it('name the command as the cause of what they log and of their result', async () => {
    const application = await start({ commands: [Pay] });
    await application.commands.ask(new Pay('a', 7));
    const [result] = await results(application);
    expect(result!.metadata).toMatchObject({ correlationId: 'pay a', causationId: 'pay a' });
    for await (const event of application.log.read({ groups: ['payment.PaidInFull'] }))
      expect(event).toMatchObject({ data: { amount: 7 }, metadata: { causationId: 'pay a' } });
    expect.assertions(2);
  });

  it('have results that handlers can be given', async () => {
    const heard: unknown[] = [];
    class Listener {
      @EventHandler('payment.Pay.Result')
      hear({ data }: RecordedEvent) {
        heard.push(data);
      }
    }
    const application = await start({ commands: [Pay] }, [Listener]);
    await application.commands.send(new Pay('a', 7));
    await until(() => heard.length > 0);
    expect(heard).toEqual([{ ok: true, value: { paid: 7 } }]);
  });

  it('that fail are decided, and not tried again', async () => {
    let starts = 0;
    Pay.written = () => void starts++;
    const application = await start({ commands: [Pay] });
    const failure = { ok: false, label: 'negative', message: 'Nobody pays less than nothing' };
    expect(await application.commands.ask(new Pay('a', -1))).toEqual(failure);
    const { succeeded } = (await application.deliveries.counts({ handler: 'payment.Pay' })) as any;
    expect([starts, succeeded]).toEqual([1, 1]);
  });

  it('that throw are retried, without what they wrote', async () => {
    let starts = 0;
    Pay.written = () => {
      if (++starts === 1) throw new Error('not yet');
    };
    const application = await start({ commands: [Pay] });
    expect(await application.commands.ask(new Pay('a', 7))).toEqual({ ok: true, value: { paid: 7 } });
    expect([starts, await notes(application)]).toEqual([2, 1]);
  });

  it('that throw to the last have one result, which a person who retries them does not change', async () => {
    Pay.written = () => {
      throw new Error('never');
    };
    const application = await start({ commands: [Pay] });
    const exhausted = { ok: false, label: 'exhausted', message: 'Error: never' };
    expect(await application.commands.ask(new Pay('a', 7))).toEqual(exhausted);
    const dead = () => application.deliveries.list({ handler: 'payment.Pay', status: 'dead' });
    await until(async () => (await dead()).items.length === 1);
    const [result] = await results(application);
    expect(result!.metadata.causationId).toBe('pay a');

    Pay.written = () => undefined;
    await application.deliveries.retry({ handler: 'payment.Pay' });
    const done = () => application.deliveries.list({ handler: 'payment.Pay', status: 'succeeded' });
    await until(async () => (await done()).items.length === 1);
    expect(await application.commands.ask(new Pay('a', 7))).toEqual(exhausted);
    expect([await notes(application), (await results(application)).length]).toEqual([0, 1]);
  });

  it('are executed by a provider with what it is injected', async () => {
    const application = await start({ commands: [Refund] }, [Till, Refunds]);
    const refund = Object.assign(new Refund(), { amount: 30 });
    expect(await application.commands.ask(refund)).toEqual({ ok: true, value: { left: 70, isRefund: true } });
  });

  it('are executed in another process for one that has the class alone', async () => {
    const sender = await start({ events: [Pay] });
    await start({ commands: [Pay] });
    expect(await sender.commands.ask(new Pay('a', 7))).toEqual({ ok: true, value: { paid: 7 } });
  });

  it('go on after the time of who asked', async () => {
    const sender = await start({ events: [Pay] });
    const asked = sender.commands.ask(new Pay('a', 7), { timeout: 30 });
    await expect(asked).rejects.toBeInstanceOf(CommandTimeoutError);
    const application = await start({ commands: [Pay] });
    await application.deliveries.backfill('payment.Pay');
    expect(await sender.commands.ask(new Pay('a', 7))).toEqual({ ok: true, value: { paid: 7 } });
  });

  it('that are sent in a transaction are recorded if that commits', async () => {
    const { commands, dataSource, log } = await start({ commands: [Pay] });
    const undone = dataSource.transaction(async (manager) => {
      await commands.send(new Pay('a', 7), { manager });
      throw new Error('undone');
    });
    await expect(undone).rejects.toThrow('undone');
    expect(await log.get('pay a')).toBeUndefined();
    await dataSource.transaction((manager) => commands.send(new Pay('b', 7), { manager, key: 'own' }));
    expect((await log.get('own'))!.group).toBe('payment.Pay');
  });

  it('cannot be asked for by the handler of one, whose transaction they would wait for', async () => {
    const refused: unknown[] = [];
    Pay.written = async (amount) => {
      if (amount === 1)
        await applications[0]!.app
          .get(Commands)
          .ask(new Pay('inner', 2))
          .catch((error: unknown) => refused.push(error));
    };
    const { commands } = await start({ commands: [Pay] });
    await commands.ask(new Pay('outer', 1));
    expect(refused).toEqual([expect.any(AskInTransactionError)]);
  });

  it('that their class refuses, or that are none, are not recorded', async () => {
    const { commands } = await start({ commands: [Pay] });
    await expect(commands.send(new Pay('a', 1.5))).rejects.toBeInstanceOf(EventValidationError);
    await expect(commands.send(new PaidInFull())).rejects.toBeInstanceOf(InvalidCommandError);
    const { log } = applications[0]!;
    await log.append({ group: 'other', key: 'taken' });
    await expect(commands.ask(new Pay('a', 1), { key: 'taken' })).rejects.toThrow('taken');
  });

  it.each([
    ['none', { commands: [Orphan] }, [], 'payment.Orphan'],
    ['two', { commands: [Refund] }, [Till, Refunds, OtherRefunds], 'Refunds.refund and OtherRefunds.refund'],
    ['one for a class that is not executed', { events: [Refund] }, [OtherRefunds], 'OtherRefunds.refund'],
  ])('with %s as handlers keep the application from starting', async (_, feature, providers, named) => {
    const started = start(feature, providers);
    await expect(started).rejects.toThrow(named);
    await expect(started).rejects.toBeInstanceOf(InvalidCommandError);
  });

  it('give their handler what was said of the command', async () => {
    const contexts: CommandContext[] = [];
    Pay.written = (_, context) => void contexts.push(context);
    const { commands } = await start({ commands: [Pay] });
    await commands.ask(new Pay('a', 7), { key: 'k', orderKey: 'o' });
    const [{ correlationId, attempt, handler, event, signal, moduleRef }] = contexts as [CommandContext];
    expect({ correlationId, attempt, handler }).toEqual({
      correlationId: 'k',
      attempt: 1,
      handler: 'payment.Pay',
    });
    expect([event.orderKey, signal.aborted]).toEqual(['o', false]);
    expect(moduleRef.get(Commands)).toBe(commands);
  });

  it('of a process that is killed in the middle are executed once in effect, with one result', async () => {
    const sender = await start({ events: [Pay] });
    const child = fork(RUN_TS, [PROCESS, JSON.stringify({ address })]);
    const exited = once(child, 'close');
    // The handler is known to the database when the process has registered it.
    const registered = until(
      async () => (await sender.dataSource.query('SELECT * FROM once_handler')).length > 0,
      60_000,
    );
    await Promise.race([registered, exited]);
    const asked = sender.commands.ask(new Pay('a', 7), { timeout: '60s' });
    const [message] = (await Promise.race([once(child, 'message'), exited])) as unknown[];
    expect(message).toBe('stands still');
    child.kill('SIGKILL');
    await exited;
    const other = await start({ commands: [Pay] });
    expect(await asked).toEqual({ ok: true, value: { paid: 7 } });
    expect([await notes(other), (await results(other)).length]).toEqual([1, 1]);
  }, 120_000);
});
