import { command } from '../command.js';
import { option } from '../values.js';
import { changeDeliveries } from './change-deliveries.js';
import { deliveryOptions, type DeliveryOptions } from './delivery-options.js';

export const deliveriesRetry = command<DeliveryOptions>({
  name: 'deliveries retry',
  summary: 'Makes dead and cancelled deliveries pending again, with all their attempts.',
  details:
    'Processes with a worker handle them. A thousand in a transaction: what is done when it is ended stays done.',
  options: [...deliveryOptions(), option('--all', 'every dead and cancelled delivery')],
  examples: [
    'deliveries retry --error ECONNREFUSED --failed-after 2h',
    'deliveries retry --handler Mails.send --status dead',
  ],
  run: (call) => changeDeliveries(call, 'retry', 'made pending'),
});
