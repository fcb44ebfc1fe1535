import { strict as assert } from 'node:assert';
import { type Channel, PooledConnectionError, type SignalListener } from '../../store/ports/signals.js';
import { type BenchCheck, type LogBench, Signal } from './log-bench.js';

/** Nothing to check where the database carries no messages. */
export const signalChecks: readonly BenchCheck[] = [
  {
    name: 'a connection that listens hears what others send, not what it sends itself, and is told of its end',
    async run(bench: LogBench): Promise<void> {
      const [database, other] = [await bench.database(0), await bench.database(1)];
      const { dialect, tables } = database;
      if (!dialect.signals) return;
      const { longest, send, listen } = dialect.signals;
      const long = '1'.repeat(longest);
      const messages: [Channel, string][] = [];
      const [heard, ended] = [new Signal(), new Signal()];
      const runner = database.dataSource.createQueryRunner('master');
      const listener: SignalListener = {
        heard: (channel, message) => {
          messages.push([channel, message]);
          if (message === '') heard.give();
        },
        ended: () => ended.give(),
      };
      try {
        await listen(database.on(runner), tables, listener, (work) => other.run(work));
      } catch (error) {
        await runner.release();
        // Behind a pooler nothing can be heard, and that was told.
        if (error instanceof PooledConnectionError) return;
        throw error;
      }
      await send(database.on(runner), tables, new Map([['wake_up', 'its own']]));
      const both = new Map<Channel, string>([
        ['wake_up', '1,2'],
        ['committed', '["a"]'],
      ]);
      await other.run((sql) => send(sql, tables, both));
      for (const message of ["it's", long, ''])
        await other.run((sql) => send(sql, tables, new Map([['wake_up', message]])));
      await heard.given;
      const rest = ["it's", long, ''].map((message) => ['wake_up', message]);
      assert.deepEqual(messages, [...both, ...rest]);
      await dialect.driver.abandon?.(runner);
      await ended.given;
    },
  },
];
