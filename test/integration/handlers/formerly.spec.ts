import type { Provider } from '@nestjs/common';
import { EventHandler, type RecordedEvent } from 'nestjs-once';
import { drain } from 'nestjs-once/testing';
import { startApplication } from '../../support/application.js';
import { describeEachDatabase } from '../../support/databases.js';
import { RecordingLogger } from '../../support/recording-logger.js';
import { scriptedHandler } from '../../support/scripted-handler.js';

describeEachDatabase('a former name of a handler', (db) => {
  it('whose successor is known already is warned of while it has deliveries that are not done, which a stacked name handles', async () => {
    const database = await db.options();
    const logger = new RecordingLogger();
    const start = (...providers: Provider[]) => {
      logger.lines.length = 0;
      return startApplication({ database, providers, logger });
    };
    const warnings = () => logger.of('warn').filter((line) => line.includes('does not take over'));
    const none = () => undefined;

    const old = await start(scriptedHandler('Old', none, { pattern: 'made' }));
    await old.log.append({ group: 'made', key: 'made_1' });
    await old.close();
    await (await start(scriptedHandler('New', none, { pattern: 'made' }))).close();
    const renamed = scriptedHandler('New', none, { pattern: 'made', formerly: 'Old' });
    await (await start(renamed)).close();
    expect(warnings()).toHaveLength(1);
    expect(warnings()[0]).toContain('deliveries of "Old"');

    const seen: string[] = [];
    class Both {
      @EventHandler('made', { name: 'New' })
      @EventHandler('none', { name: 'Old' })
      handle({ key }: RecordedEvent): void {
        seen.push(key);
      }
    }
    const stacked = await start(Both);
    await drain(stacked.app);
    await stacked.close();
    expect(seen).toEqual(['made_1']);
    await (await start(renamed)).close();
    expect(warnings()).toEqual([]);
  });
});
