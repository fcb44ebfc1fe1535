import { Deadline } from './deadline.js';
import type { Service, ServiceStatus } from './service.js';

/** Milliseconds after which it is told that a stop takes its time. */
const PATIENCE = 500;

/** Services that start together and stop together. */
export interface Stage {
  readonly services: readonly Service[];
  /** Milliseconds in which it has to stop, whatever is left. Default: what is left of the limit of all stages. */
  readonly limit?: number;
}

/**
 * The services of a process in the order in which they start; they stop in the opposite one, since each stage may need
 * those before it. A start that fails stops what had started.
 */
export class Stages {
  private stopping?: Promise<void>;

  constructor(
    private readonly stages: readonly Stage[],
    /** Milliseconds for all of them to stop. */
    private readonly limit: number,
    /** Told of a service that did not stop, or not in time; the others are stopped all the same. */
    private readonly failed: (service: Service, error: unknown) => void,
    /** Told once of each service that is waited for, with the milliseconds that it has left. */
    private readonly waits: (service: Service, left: number) => void = () => undefined,
  ) {}

  get statuses(): readonly ServiceStatus[] {
    return this.stages.flatMap(({ services }) => services.map(({ status }) => status));
  }

  async start(): Promise<void> {
    try {
      for (const { services } of this.stages) await Promise.all(services.map((service) => service.start()));
    } catch (error) {
      await this.stop();
      throw error;
    }
  }

  /** Never rejects. */
  stop(): Promise<void> {
    this.stopping ??= this.stopAll();
    return this.stopping;
  }

  private async stopAll(): Promise<void> {
    const byAll = new Deadline(this.limit);
    for (const { services, limit } of [...this.stages].reverse()) {
      const by = limit === undefined ? byAll : new Deadline(limit);
      await Promise.all(services.map((service) => this.stopOne(service, by)));
    }
  }

  private async stopOne(service: Service, by: Deadline): Promise<void> {
    const patience = setTimeout(() => this.waits(service, by.left), PATIENCE);
    try {
      await service.stop(by);
    } catch (error) {
      this.failed(service, error);
    } finally {
      clearTimeout(patience);
    }
  }
}
