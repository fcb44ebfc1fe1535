import { asJson } from '../as-json.js';
import { command } from '../command.js';
import { count, option } from '../values.js';
import { deliveryFilter, deliveryOptions, type DeliveryOptions } from './delivery-options.js';

interface ListOptions extends DeliveryOptions {
  limit: number;
  newestFirst?: true;
  data?: true;
}

const PAGE = 500;

export const deliveriesList = command<ListOptions>({
  name: 'deliveries list',
  summary: 'Lists deliveries: one event for one handler each, in log order.',
  options: [
    ...deliveryOptions(),
    option('--limit <count>', 'at most so many', count).default(100),
    option('--newest-first', 'from the end of the log'),
    option('--data', "with their events' data"),
  ],
  examples: [
    'deliveries list --status dead --error ECONNREFUSED',
    'deliveries list --handler Mails.send --failed-after 1h --json',
  ],
  async run({ tools: { deliveries }, options, out, signal }) {
    const { limit, newestFirst = false, data: withData = false } = options;
    const filter = deliveryFilter(options);
    let [left, after]: [number, string | undefined] = [limit, undefined];
    do {
      const page = await deliveries.list(filter, {
        ...{ limit: Math.min(PAGE, left), newestFirst, withData },
        ...(after === undefined ? {} : { after }),
      });
      for (const one of page.items) {
        const { position, status, handler, key, attempts, failedAt, error, data } = one;
        const failure = error && `${failedAt?.toISOString() ?? ''} ${error.split('\n')[0]}`;
        await out.record(one, () => [
          [position, status, handler, key, `attempts ${attempts}`, failure, withData ? asJson(data) : '']
            .filter(Boolean)
            .join('  '),
        ]);
      }
      left -= page.items.length;
      after = page.next;
    } while (after !== undefined && left > 0 && !signal.aborted);
    if (after !== undefined && !signal.aborted) out.say(`These are ${limit}: there are more, see --limit.`);
  },
});
