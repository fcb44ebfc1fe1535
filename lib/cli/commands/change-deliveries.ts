import type { CommandCall } from '../command.js';
import { CommandInterruptedError } from '../errors.js';
import { type DeliveryOptions, filterOfChange } from './delivery-options.js';

/** Retries or cancels what the options say. */
export async function changeDeliveries(
  { tools: { deliveries }, options, out, signal }: CommandCall<DeliveryOptions>,
  how: 'retry' | 'cancel',
  done: string,
): Promise<void> {
  const changed = await deliveries[how](filterOfChange(options), {
    signal,
    onProgress: (progress) => out.progress.show(`${progress.changed} deliveries ${done}`),
  });
  await out.document({ changed }, () => [`${changed} deliveries ${done}.`]);
  if (signal.aborted)
    throw new CommandInterruptedError(
      `Ended: ${changed} deliveries were ${done}. Run it again for the others.`,
    );
}
