import { Logger } from '@nestjs/common';
import type { SchedulerRegistry } from '@nestjs/schedule';
import { CronJob } from 'cron';
import { describe } from '../core/describe.js';
import { InvalidOptionError } from '../core/errors.js';
import { RescanInProgressError } from '../sources/rescan/errors.js';
import type { Engine } from './engine.js';

/**
 * The re-scan by the clock: a cron job in the application's `SchedulerRegistry` when it has one, else one of our own.
 * `ScheduleModule` is not imported here: imported twice, it fires the application's own jobs twice.
 */
export class RescanSchedule {
  private readonly logger = new Logger('Rescan');
  private job?: CronJob;

  constructor(
    private readonly engine: Engine,
    private readonly scheduler: SchedulerRegistry | undefined,
  ) {}

  start(): void {
    const { rescan } = this.engine.options;
    if (rescan === false) return;
    if (rescan.onStart) void this.run();
    if (rescan.cron === undefined) return;
    const job = this.createJob(rescan.cron, rescan.timeZone);
    this.job = job;
    this.scheduler?.addCronJob(this.name, job);
    job.start();
  }

  stop(): void {
    const { job } = this;
    this.job = undefined;
    if (!job) return;
    void job.stop();
    if (this.scheduler?.doesExist('cron', this.name)) this.scheduler.deleteCronJob(this.name);
  }

  private get name(): string {
    return `nestjs-once:rescan:${this.engine.name}`;
  }

  private createJob(cron: string, timeZone: string | undefined): CronJob {
    try {
      return new CronJob(cron, () => void this.run(), null, false, timeZone ?? null) as CronJob;
    } catch (error) {
      const where = 'EventSourcingModule.forRoot';
      const actual = `${describe(cron)}${timeZone ? ` in ${timeZone}` : ''} (${(error as Error).message})`;
      throw new InvalidOptionError('rescan.cron', 'a cron expression with a known time zone', actual, where);
    }
  }

  private async run(): Promise<void> {
    try {
      await this.engine.rescan.run({ signal: this.engine.stopping.signal });
    } catch (error) {
      if (error instanceof RescanInProgressError) this.logger.debug('Another re-scan is under way: this one is left out.');
      else this.logger.error(`Scheduled re-scan failed: ${error instanceof Error ? error.stack : String(error)}`);
    }
  }
}
