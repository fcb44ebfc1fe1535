import { type Deadline, within } from './deadline.js';

export type ServiceState = 'new' | 'starting' | 'running' | 'stopping' | 'stopped';

/** How a service is doing. */
export interface ServiceStatus {
  readonly name: string;
  readonly state: ServiceState;
  /** Why it cannot do its work now, or could not start or stop; absent where it can. */
  readonly failure?: string;
}

/**
 * A part of a process that goes on until it is stopped. It may be misused: it starts once, however often that is asked
 * for; it stops once, after its start is over, also when it never started or failed to; after that it does not start
 * again. (The shape is that of River's services.)
 */
export interface Service {
  readonly name: string;
  readonly status: ServiceStatus;
  /** What its stop waits for, in words. */
  readonly waitsFor: string;
  /** Rejects when it could not start, and after `stop`. */
  start(): Promise<void>;
  /** Resolves when it has stopped; rejects when it could not, or not by then. */
  stop(by: Deadline): Promise<void>;
}

/** What a service is made of; each is called once, `stop` after `start`. */
export interface ServiceParts {
  start?: () => unknown;
  stop?: (by: Deadline) => unknown;
  /** Why it cannot do its work now. */
  failure?: () => string | undefined;
  /** What its stop waits for now. Default: its name. */
  waitsFor?: () => string | undefined;
}

/** A start that comes after the stop. */
export class ServiceStoppedError extends Error {
  constructor(readonly service: string) {
    super(`${service} was stopped: expected no start after that. Make another one.`);
    this.name = 'ServiceStoppedError';
  }
}

export function service(name: string, parts: ServiceParts): Service {
  return new OnceService(name, parts);
}

class OnceService implements Service {
  private state: ServiceState = 'new';
  private failed?: unknown;
  private starting?: Promise<void>;
  private stopping?: Promise<void>;

  constructor(
    readonly name: string,
    private readonly parts: ServiceParts,
  ) {}

  get status(): ServiceStatus {
    const { name, state } = this;
    const failure = this.failed === undefined ? this.parts.failure?.() : String(this.failed);
    return { name, state, ...(failure === undefined ? {} : { failure }) };
  }

  get waitsFor(): string {
    return this.parts.waitsFor?.() ?? this.name;
  }

  start(): Promise<void> {
    if (this.stopping) return Promise.reject(new ServiceStoppedError(this.name));
    this.starting ??= this.startNow();
    return this.starting;
  }

  stop(by: Deadline): Promise<void> {
    this.stopping ??= this.stopNow(by);
    return this.stopping;
  }

  private async startNow(): Promise<void> {
    this.state = 'starting';
    try {
      await this.parts.start?.();
      if (this.state === 'starting') this.state = 'running';
    } catch (error) {
      this.failed = error;
      throw error;
    }
  }

  private async stopNow(by: Deadline): Promise<void> {
    this.state = 'stopping';
    try {
      await within(by.left, this.end(by));
    } catch (error) {
      this.failed ??= error;
      throw error;
    } finally {
      this.state = 'stopped';
    }
  }

  private async end(by: Deadline): Promise<void> {
    await this.starting?.catch(() => undefined);
    await this.parts.stop?.(by);
  }
}
