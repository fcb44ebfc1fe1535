import { command } from '../command.js';
import { option } from '../values.js';
import { changeDeliveries } from './change-deliveries.js';
import { deliveryOptions, type DeliveryOptions } from './delivery-options.js';

export const deliveriesCancel = command<DeliveryOptions>({
  name: 'deliveries cancel',
  summary: 'Cancels pending and dead deliveries; running ones are told by their signal.',
  details:
    'They can be retried for as long as retention keeps them. A thousand in a transaction: what is done when it is ended stays done.',
  options: [...deliveryOptions(), option('--all', 'every pending, running and dead delivery')],
  examples: [
    'deliveries cancel --handler Mails.send --recorded-before 7d',
    'deliveries cancel --tag user:17 -y',
  ],
  destroys: () => 'This cancels deliveries: their events are not handled.',
  run: (call) => changeDeliveries(call, 'cancel', 'cancelled'),
});
