import type { EventView } from '../../store/views/event-search.js';
import type { DeliveryView } from '../../store/views/delivery-queries.js';
import { asJson } from '../as-json.js';
import { command } from '../command.js';
import { CommandUsageError } from '../errors.js';
import { table } from '../table.js';
import { option, position } from '../values.js';

export const eventsShow = command<{ position?: number }>({
  name: 'events show',
  summary: 'Shows one event with all that is known of it, and its deliveries.',
  args: [['[key]', 'its key']],
  options: [option('--position <position>', 'its position, in place of its key', position)],
  examples: ['events show order_placed_17', 'events show --position 1200 --json'],
  async run({ args: [key], tools: { search, deliveries }, options, out }) {
    const place = options.position ?? (key as string | undefined);
    if (place === undefined || (options.position !== undefined && key !== undefined))
      throw new CommandUsageError('Expected either the key of an event or its --position.');
    const event = await search.get(place);
    if (!event)
      throw new CommandUsageError(
        `No event has the ${typeof place === 'number' ? 'position' : 'key'} "${place}".`,
      );
    const { items } = await deliveries.list({ key: event.key }, { limit: 1000 });
    await out.document({ ...event, deliveries: items }, () => lines(event, items));
  },
});

function lines(event: EventView, deliveries: readonly DeliveryView[]): string[] {
  const { data, dataError, pruned, metadata, tags, ...facts } = event;
  const named = Object.entries(facts).map(
    ([name, value]) => `${name}: ${value instanceof Date ? value.toISOString() : value}`,
  );
  return [
    ...named,
    `tags: ${tags.join(', ') || 'none'}`,
    `metadata: ${asJson(metadata)}`,
    `data: ${dataError ?? (pruned ? 'was removed' : (asJson(data, 2) ?? 'none'))}`,
    ...(deliveries.length === 0
      ? ['deliveries: none']
      : ['', ...table(['handler', 'status', 'attempts', 'error'], deliveries.map(deliveryRow))]),
  ];
}

function deliveryRow({ handler, status, attempts, error }: DeliveryView): unknown[] {
  return [handler, status, attempts, error?.split('\n')[0]];
}
