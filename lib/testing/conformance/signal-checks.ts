import { strict as assert } from 'node:assert';
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
      const messages: string[] = [];
      const [heard, ended] = [new Signal(), new Signal()];
      const runner = database.dataSource.createQueryRunner('master');
      await listen(database.on(runner), tables, {
        heard: (message) => {
          messages.push(message);
          if (message === '') heard.give();
        },
        ended: () => ended.give(),
      });
      await send(database.on(runner), tables, 'its own');
      for (const message of ['1,2', "it's", long, '']) await other.run((sql) => send(sql, tables, message));
      await heard.given;
      assert.deepEqual(messages, ['1,2', "it's", long, '']);
      dialect.abandon?.(runner);
      await ended.given;
    },
  },
];
