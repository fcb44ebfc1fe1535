import type { DeliveryId } from '../../store/ports/delivery-ids.js';
import type { HandlerRegistry } from '../../store/registry/handler-registry.js';
import type { Promotion } from '../../store/deliveries/promotion.js';
import { chunks } from '../../store/ports/sql.js';
import { Grouped } from '../../runtime/grouped.js';

/** Events whose deliveries are looked at by one statement. */
const BATCH = 100;

/** A delivery whose first attempt is over, whatever came of it. */
export interface Attempted extends DeliveryId {
  group: string;
}

/** An event of which something may become due. */
interface Promotable {
  position: number;
  group: string;
  /** Handlers among which its deliveries are put in order. */
  handlerIds: readonly number[];
}

export interface PromoterParts {
  registry: Pick<HandlerRegistry, 'rankedBehind'>;
  promotion: Pick<Promotion, 'promote'>;
  /** Deliveries of these handlers have become due: one id for each. */
  promoted: (handlerIds: readonly number[]) => void;
  /** Told of what could not be made due: it becomes so by itself, in a lease at most. */
  failed: (error: unknown) => void;
}

/** Makes deliveries due that waited for others of their event, those of many events by one statement. */
export class Promoter {
  private readonly grouped = new Grouped((events: readonly Promotable[]) => this.promoteAll(events));

  constructor(private readonly parts: PromoterParts) {}

  /** Resolves with what has become due of its event; undefined where nothing waits for this one: nearly always. */
  after({ handlerId, position, group }: Attempted): Promise<readonly DeliveryId[]> | undefined {
    const handlerIds = this.parts.registry.rankedBehind(handlerId, group);
    return handlerIds.length > 0 ? this.grouped.request({ position, group, handlerIds }) : undefined;
  }

  /** Resolves when what waited for any of these is due. */
  async afterAll(attempted: readonly Attempted[]): Promise<void> {
    await Promise.all(attempted.flatMap((one) => this.after(one) ?? []));
  }

  /** Never rejects: the attempts are settled. */
  private async promoteAll(
    events: readonly Promotable[],
  ): Promise<(event: Promotable) => readonly DeliveryId[]> {
    const byPosition = new Map<number, DeliveryId[]>(events.map(({ position }) => [position, []]));
    const promoted: DeliveryId[] = [];
    try {
      for (const [handlerIds, positions] of alike(events))
        for (const batch of chunks(positions, BATCH))
          promoted.push(...(await this.parts.promotion.promote(handlerIds, batch)));
    } catch (error) {
      this.parts.failed(error);
    }
    for (const delivery of promoted) byPosition.get(delivery.position)!.push(delivery);
    if (promoted.length > 0) this.parts.promoted(promoted.map(({ handlerId }) => handlerId));
    return ({ position }) => byPosition.get(position)!;
  }
}

/** The positions of each group, with the handlers that have them. */
function alike(events: readonly Promotable[]): (readonly [readonly number[], number[]])[] {
  const groups = new Map<string, { handlerIds: readonly number[]; positions: Set<number> }>();
  for (const { group, handlerIds, position } of events) {
    const known = groups.get(group);
    if (known) known.positions.add(position);
    else groups.set(group, { handlerIds, positions: new Set([position]) });
  }
  return [...groups.values()].map(({ handlerIds, positions }) => [handlerIds, [...positions]] as const);
}
