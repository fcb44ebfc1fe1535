import type { SchedulerRegistry } from '@nestjs/schedule';
import { CronJob } from 'cron';
import { settledWithin } from '../runtime/deadline.js';
import { loggerOf } from '../runtime/logging.js';
import { RescanInProgressError } from '../sources/rescan/errors.js';
import type { Engine } from './engine.js';

/**
 * The re-scan by the clock: a cron job in the application's `SchedulerRegistry` when it has one, else one of our own.
 * `ScheduleModule` is not imported here: imported twice, it fires the application's own jobs twice.
 */
export class RescanSchedule {
  private readonly logger = loggerOf('Rescan');
  private job?: CronJob;
  private running: Promise<void> = Promise.resolve();

  constructor(
    private readonly engine: Engine,
    private readonly scheduler: SchedulerRegistry | undefined,
  ) {}

  start(): void {
    const { rescan } = this.engine.options;
    if (rescan === false) return;
    if (rescan.onStart) this.scan();
    if (rescan.cron === undefined) return;
    const job = new CronJob(rescan.cron, () => this.scan(), null, false, rescan.timeZone ?? null);
    this.job = job;
    this.scheduler?.addCronJob(this.name, job);
    job.start();
  }

  /** Fires no more; resolves when the scan under way, which the engine's end aborts, is over or shutdown waits no more. */
  async stop(): Promise<void> {
    const { job } = this;
    this.job = undefined;
    void job?.stop();
    if (this.scheduler?.doesExist('cron', this.name)) this.scheduler.deleteCronJob(this.name);
    await settledWithin(this.running, this.engine.shutdownLimit);
  }

  private scan(): void {
    this.running = this.run();
  }

  private get name(): string {
    return `nestjs-once:rescan:${this.engine.name}`;
  }

  private async run(): Promise<void> {
    try {
      await this.engine.parts.rescan.run({ signal: this.engine.stopping.signal });
    } catch (error) {
      if (error instanceof RescanInProgressError)
        this.logger.debug('Another re-scan is under way: this one is left out.');
      else
        this.logger.error(
          `Scheduled re-scan failed: ${error instanceof Error ? error.stack : String(error)}`,
        );
    }
  }
}
