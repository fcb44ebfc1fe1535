import { streamKey } from '../core/event-input.js';
import { personalPartsOf } from '../core/personal.js';
import { streamName } from '../core/stream.js';
import type { Pipeline } from '../payload/pipeline.js';
import type { Emission } from '../store/log/event-recorder.js';
import type { Aggregate, PendingEvent } from './aggregate.js';
import type { AggregateDefinition } from './aggregate-definition.js';
import { checkedCopy } from './checked-copy.js';
import { UnknownAggregateTypeError } from './errors.js';
import { metadataOf } from './event-facts.js';
import { labelOf } from './event-method.js';

/** The pending events as the log takes them. Throws `UnknownAggregateTypeError` for one that the definition does not know. */
export function emissionsOf(
  application: string,
  definition: AggregateDefinition,
  { id }: Aggregate,
  pending: readonly PendingEvent[],
  pipeline: Pipeline | undefined,
): Emission[] {
  const name = streamName(application, id);
  return pending.map(({ name: event, version, data, occurredAt }) => {
    const stream = { name, version };
    const known = definition.events.get(event);
    const group = `${definition.name}.${event}`;
    if (!known) throw new UnknownAggregateTypeError(group, application, [...definition.events.keys()]);
    const { method } = known;
    const metadata = metadataOf({ version: known.version, closes: method.options.closes ?? false });
    return {
      // Ordered handlers handle the events of one aggregate in order.
      input: {
        group,
        key: streamKey(stream),
        data: checkedCopy(data),
        occurredAt,
        orderKey: name,
        ...(metadata ? { metadata } : {}),
      },
      source: labelOf(method),
      stream,
      pipeline,
      ...(typeof method.event === 'string' ? {} : { personal: personalPartsOf(method.event) }),
    };
  });
}
