import { handlerOf, startApplication } from './application.js';
import { fillDeliveries, fillEvents } from './tables.js';

/** Handles another group than `bench`, and no process of the measurement has it. */
const STOPPED = handlerOf(/^old/, { name: 'stopped' }, () => undefined);
const OWN = handlerOf(/^bench/, {}, () => undefined);

/** A log that is `rows` events old, all with a delivery in that state: `finished` by `bench`, or `pending` for a handler that is stopped. */
export async function fillBacklog({ address, rows, state }) {
  const application = await startApplication({
    address,
    providers: [OWN, STOPPED],
    options: { dispatch: 'none', rescan: false },
  });
  if (rows > 0) {
    await fillEvents(application.dataSource, address.name, rows, 'old');
    await fillDeliveries(
      application.dataSource,
      address.name,
      rows,
      state === 'pending' ? 'stopped' : 'bench',
      state,
    );
  }
  await application.close();
}
