import { InvalidHandlerError } from './errors.js';
import type { EventHandlerMetadata, EventHandlerOptions } from './event-handler.decorator.js';

/** Options that change what is promised of a handler: nothing tells whoever leaves one out by mistake. */
const GUARANTEES = ['transactional', 'ordered'] as const;

/** Several patterns make one handler, so its options are given once. */
export function oneOptionsOf(stacked: readonly EventHandlerMetadata[], label: string): EventHandlerOptions {
  const given = stacked
    .map(({ options }) => options)
    .filter((options) => Object.keys(options).some((key) => key !== 'name'));
  if (given.length <= 1) return given[0] ?? {};
  throw new InvalidHandlerError(
    label,
    'several stacked decorators of one name give options. Give them on one of the decorators, or give each a name of its own.',
  );
}

/**
 * A name on one of two stacked decorators makes two handlers of what may have been meant as one: a guarantee that is asked
 * for on one of them has to be said, true or false, on the other too. With a name each, two were meant.
 */
export function assertGuaranteesSaid(
  handlers: readonly (readonly EventHandlerMetadata[])[],
  label: string,
): void {
  const isNamed = (stacked: readonly EventHandlerMetadata[]) =>
    stacked.every(({ options }) => options.name !== undefined);
  if (handlers.every(isNamed)) return;
  for (const option of GUARANTEES) {
    const said = handlers.map((stacked) => stacked.map(({ options }) => options[option]));
    const isLeftOut = said.some((values) => values.every((value) => value === undefined));
    if (!isLeftOut || !said.flat().includes(true)) continue;
    throw new InvalidHandlerError(
      label,
      `a name on some of its stacked decorators makes ${handlers.length} handlers, of which not all say whether they are ${option}. ` +
        `Give each decorator ${option}: true or false, give each a name, or take the name away for one handler.`,
    );
  }
}
