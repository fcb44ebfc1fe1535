import { setTimeout as wait } from 'node:timers/promises';
import { command } from '../command.js';
import { count, duration, option } from '../values.js';
import { type EventOptions, eventFilter, eventLine, eventOptions } from './event-options.js';

interface ReadOptions extends EventOptions {
  limit?: number;
  follow?: true;
  interval: number;
}

export const eventsRead = command<ReadOptions>({
  name: 'events read',
  summary: 'Reads events in log order, up to what is decided.',
  details:
    'Keys and tags are looked up; anything else is looked for along the log, so name --after where you know it. --follow goes on with ' +
    'what is recorded, until a signal ends it.',
  options: [
    ...eventOptions(),
    option('--limit <count>', 'at most so many', count),
    option('-f, --follow', 'go on with what is recorded'),
    option('--interval <duration>', 'how often --follow looks', duration).default(1000, '1s'),
  ],
  examples: [
    'events read --group "order.*" --from 2h',
    'events read --follow --json',
    'events read --tag course:42 --limit 10',
  ],
  async run({ tools: { search }, options, out, signal }) {
    const { limit = Infinity, follow, interval, data: withData } = options;
    const filter = eventFilter(options);
    let left = limit;
    while (left > 0) {
      for await (const event of search.find(filter, { limit: left, withData, signal })) {
        await out.record(event, () => [eventLine(event)]);
        filter.after = event.position;
        left--;
        if (signal.aborted) break;
      }
      if (!follow || signal.aborted) return;
      await wait(interval, undefined, { signal }).catch(() => undefined);
    }
  },
});
