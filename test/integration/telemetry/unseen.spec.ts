import { jest } from '@jest/globals';
import { context, trace } from '@opentelemetry/api';
import { isTracingSuppressed } from '@opentelemetry/core';
import type { Engine } from '../../../lib/module/engine.js';
import { engineToken } from '../../../lib/module/tokens.js';
import { startApplication } from '../../support/application.js';
import { dataSourceOptionsFrom, describeEachDatabase } from '../../support/databases.js';
import { deferred } from '../../support/deferred.js';
import { registerSdk } from '../../support/open-telemetry.js';
import { scriptedHandler } from '../../support/scripted-handler.js';
import { Statements } from '../../support/statements.js';

const sdk = registerSdk();
const LOOK = /AS unreconciled/;

/** Notes also what an instrumentation of the driver would make a span of, with the span that it would stand in. */
class Traced extends Statements {
  readonly visible: [statement: string, inSpan: boolean][] = [];

  override logQuery(statement: string): void {
    if (!isTracingSuppressed(context.active()))
      this.visible.push([statement, trace.getSpan(context.active()) !== undefined]);
    super.logQuery(statement);
  }
}

describeEachDatabase('an instrumentation of the driver', (db) => {
  it('sees nothing of what an idle process asks, and what a handler asks within its span', async () => {
    const statements = new Traced();
    const handled = deferred();
    const { log, close, dataSource } = await startApplication({
      database: dataSourceOptionsFrom(await db.create(), { logging: true, logger: statements }),
      providers: [
        scriptedHandler(
          'One',
          async () => {
            await dataSource.query('SELECT 42 AS answer');
            handled.resolve();
          },
          { ordered: true },
        ),
      ],
      options: { dispatch: 'background', worker: { pollInterval: 20, lease: 600 } },
    });
    statements.visible.length = 0;
    statements.all.length = 0;
    await statements.seen(LOOK, 20);
    expect(statements.visible.splice(0)).toEqual([]);
    sdk.forget();
    await log.append({ group: 'g', key: 'a', orderKey: 'o' });
    await handled.promise;
    expect(statements.visible).toContainEqual(['SELECT 42 AS answer', true]);
    expect(sdk.spans('append g')).toHaveLength(1);
    expect(sdk.spans('claim g')).toHaveLength(1);
    await close();
    expect(sdk.spans('handle g')).toHaveLength(1);
  });

  it('sees nothing of what an idle process asks past TypeORM', async () => {
    const { app, close } = await startApplication({
      database: await db.options(),
      providers: [scriptedHandler('One', () => undefined, { ordered: true })],
      options: { dispatch: 'background', worker: { pollInterval: 20, lease: 600 } },
    });
    const { driver } = app.get<Engine>(engineToken()).parts.database.dialect;
    const suppressed: boolean[] = [];
    const enough = deferred();
    const send = driver.send!;
    const spy = jest.spyOn(driver as Required<typeof driver>, 'send').mockImplementation((...statement) => {
      suppressed.push(isTracingSuppressed(context.active()));
      if (suppressed.length === 20) enough.resolve();
      return send(...statement);
    });
    await enough.promise;
    spy.mockRestore();
    expect(suppressed).not.toContain(false);
    await close();
  });
});
