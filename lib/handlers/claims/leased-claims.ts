import type { Telemetry } from '../../core/telemetry.js';
import type { DeliveryQueue } from '../../store/deliveries/delivery-queue.js';
import type { DeliveryId } from '../../store/ports/delivery-ids.js';
import type { Preclaimed } from '../../store/deliveries/preclaims.js';
import type { ClaimedDelivery } from '../../store/ports/rows.js';
import { keyOf } from '../../store/ports/delivery-ids.js';
import { Doubt } from './doubt.js';

export interface LeasedClaimsParts {
  queue: DeliveryQueue;
  telemetry: Telemetry;
  /** Registers a lease, renewed from then on, and returns its worker id. */
  lease: () => Promise<number>;
  /** Milliseconds. */
  leasePeriod: number;
  /** Whether the lease of this worker id may be another's by now. */
  hasLapsed: (workerId: number) => boolean;
  /** Told that the lease of this worker id cannot be held any more; calls `lose` in turn. */
  lapsed: (workerId: number) => void;
}

type Claim = Omit<Parameters<DeliveryQueue['claim']>[0], 'workerId'>;

/** What one process claims and gives back, under the lease that it has at that time. */
export class LeasedClaims {
  private workerId?: number;
  /** It has had one. */
  private leased = false;
  private acquiring?: Promise<number>;
  /** What it has claimed and neither settled nor given back. */
  private readonly open = new Set<ClaimedDelivery>();
  /** Whether the database may hold something for this worker that nobody here knows of. */
  readonly doubt: Doubt;

  constructor(
    private readonly parts: LeasedClaimsParts,
    /** Under the lease of this worker id. */
    private readonly isRunning: (id: DeliveryId, workerId: number) => boolean,
    /** Created as claimed, by a transaction that has not ended as far as this process was told. */
    private readonly isUnsettled: (id: DeliveryId) => boolean,
  ) {
    this.doubt = new Doubt(parts.leasePeriod);
  }

  /** The worker id while nobody else can have taken over what it has claimed. */
  get held(): number | undefined {
    const { workerId } = this;
    if (workerId !== undefined && this.parts.hasLapsed(workerId)) this.parts.lapsed(workerId);
    return this.workerId;
  }

  /** The lease is gone. */
  lose(): void {
    this.workerId = undefined;
    this.open.clear();
    this.doubt.dispel();
  }

  /** The worker id under which deliveries may be created as claimed; undefined while there is none. */
  get claimant(): number | undefined {
    // A look that is under way would take what is created now for something that nobody knows.
    return this.doubt.isLooking ? undefined : this.held;
  }

  /** These were claimed as they were created. False where the lease under which that was done is gone. */
  adopt({ workerId, delivery }: Preclaimed): boolean {
    if (workerId !== this.held) return false;
    this.open.add(delivery);
    return true;
  }

  /** Takes deliveries under this process's lease; none when the lease was lost meanwhile. */
  async take(request: Claim): Promise<{ workerId: number; claimed: ClaimedDelivery[] }> {
    const workerId = this.workerId ?? (await this.ensureLease());
    await this.tidy();
    const claimed = await this.claim({ workerId, ...request });
    // Only what somebody took over can be claimed while it runs here: no heartbeat has told of it yet.
    if (claimed.some((delivery) => this.isRunning(delivery, workerId))) this.parts.lapsed(workerId);
    if (workerId === this.workerId) {
      for (const delivery of claimed) this.open.add(delivery);
      return { workerId, claimed };
    }
    await this.parts.queue.release(workerId, claimed);
    return { workerId, claimed: [] };
  }

  private async claim(request: Claim & { workerId: number }): Promise<ClaimedDelivery[]> {
    const { queue, telemetry } = this.parts;
    const since = Date.now();
    const { claimed, failures } = await this.doubt.unlessAnswered(() => queue.claim(request));
    if (failures.length > 0) this.doubt.raise();
    if (telemetry.enabled && claimed.length > 0)
      telemetry.claimed(
        claimed.map(({ event }) => event),
        since,
      );
    return claimed;
  }

  /** Nothing to give back without a lease: somebody else has it. */
  async giveBack(deliveries: readonly ClaimedDelivery[]): Promise<void> {
    const { workerId } = this;
    for (const delivery of deliveries) this.settled(delivery);
    if (deliveries.length > 0 && workerId !== undefined)
      await this.doubt.unlessAnswered(() => this.parts.queue.release(workerId, deliveries));
  }

  /** The delivery is not this worker's any more. */
  settled(delivery: ClaimedDelivery): void {
    this.open.delete(delivery);
  }

  /** Those of its deliveries that a person asked to cancel. */
  async cancelRequests(): Promise<DeliveryId[]> {
    return this.workerId === undefined ? [] : this.parts.queue.cancelRequests(this.workerId);
  }

  /** Gives back what it may hold without knowing of it, and gets a new lease for one that was lost. */
  async tidy(): Promise<void> {
    const { workerId } = this;
    if (workerId === undefined) return this.leased ? void (await this.ensureLease()) : undefined;
    await this.doubt.look(() => this.giveBackUnknown(workerId));
  }

  /** What the database says this worker holds, beside what it knows of; returns how many. */
  private async giveBackUnknown(workerId: number): Promise<number> {
    const held = await this.parts.queue.heldBy(workerId);
    const known = new Set([...this.open].map(keyOf));
    const unknown = held.filter((id) => !known.has(keyOf(id)) && !this.isUnsettled(id));
    await this.parts.queue.release(workerId, unknown);
    return unknown.length;
  }

  /** One lease, however many ask for it at once: a second one would have no heartbeat. */
  private ensureLease(): Promise<number> {
    this.acquiring ??= this.parts
      .lease()
      .then((workerId) => {
        this.leased = true;
        return (this.workerId = workerId);
      })
      .finally(() => (this.acquiring = undefined));
    return this.acquiring;
  }
}
