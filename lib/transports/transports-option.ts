import { describe } from '../core/describe.js';
import { InvalidOptionError } from '../core/errors.js';
import type { TransportFactory } from './transport.js';

/** It goes into keys of events and names of followers. */
const NAME = /^[A-Za-z0-9][A-Za-z0-9_-]{0,39}$/;

/** Transports by their names. Throws `InvalidOptionError`. */
export function transports(
  given: Readonly<Record<string, TransportFactory>>,
  option: string,
  where: string,
): Readonly<Record<string, TransportFactory>> {
  if (typeof given !== 'object' || given === null || Array.isArray(given))
    throw new InvalidOptionError(option, 'an object of transports by their names', describe(given), where);
  for (const [name, factory] of Object.entries(given)) {
    if (!NAME.test(name))
      throw new InvalidOptionError(option, 'named by 1 to 40 letters, digits, _ or -', describe(name), where);
    // What is no transport is shown by its type alone: it may hold a password.
    if (typeof (factory as Partial<TransportFactory> | null)?.open !== 'function')
      throw new InvalidOptionError(
        `${option}.${name}`,
        'a transport such as memory() of nestjs-once/memory',
        typeof factory,
        where,
      );
  }
  return given;
}
