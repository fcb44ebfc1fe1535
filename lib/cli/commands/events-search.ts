import { command } from '../command.js';
import { CommandUsageError } from '../errors.js';
import { count, option } from '../values.js';
import { type EventOptions, eventFilter, eventLine, eventOptions } from './event-options.js';

export const eventsSearch = command<EventOptions & { limit: number }>({
  name: 'events search',
  summary: 'Finds events, the newest first.',
  args: [['[key]', 'a key, or the beginning of one with * at its end']],
  options: [...eventOptions(), option('--limit <count>', 'at most so many', count).default(20)],
  examples: [
    'events search order_placed_17',
    'events search "order_*" --until 7d',
    'events search --tag user:17 --limit 100',
  ],
  async run({ args: [key], tools: { search }, options, out, signal }) {
    const filter = eventFilter(options);
    const { limit, data: withData } = options;
    if (typeof key === 'string') Object.assign(filter, keyOf(key));
    let found = 0;
    for await (const event of search.find(filter, { limit, withData, newestFirst: true, signal })) {
      await out.record(event, () => [eventLine(event)]);
      found++;
      if (signal.aborted) break;
    }
    if (found === limit) out.say(`These are the newest ${limit}: there may be more, see --limit.`);
    if (found === 0) out.say('No event was found.');
  },
});

function keyOf(key: string): { key: string } | { keyPrefix: string } {
  if (!key.includes('*')) return { key };
  if (/^[^*]+\*$/.test(key)) return { keyPrefix: key.slice(0, -1) };
  throw new CommandUsageError(`Expected a key, or the beginning of one with * at its end, got "${key}".`);
}
