import { setTimeout as sleep } from 'node:timers/promises';
import type { AppendResult } from '../../core/event.js';
import { NoAnswerError } from '../../runtime/deadline.js';
import type { Emission, EventRecorder } from '../../store/log/event-recorder.js';
import { EmissionBatch } from '../emission-batch.js';
import { addFailure, type ScanFailure, type ScanReport } from './rescan-report.js';

/** Emissions that are looked up and recorded together; also the limit of what is held in memory. */
const CHUNK = 1000;
/** Milliseconds to wait before each further try at keys that another transaction held. */
const BUSY_WAITS = [20, 100, 500];

type Result = AppendResult & { busy?: boolean };

/** Records what is new of the events of a scan, giving way to the application's transactions. */
export class PageRecorder {
  private batch = new EmissionBatch();
  private busy: Emission[] = [];

  constructor(
    private readonly recorder: EventRecorder,
    private readonly report: ScanReport,
    private readonly dryRun: boolean,
    private readonly onFailure: (failure: ScanFailure) => void,
  ) {}

  /** True when it holds so many that it is to be flushed before the next one. */
  add(emission: Emission): boolean {
    this.report.events++;
    this.batch.add(emission);
    return this.batch.emissions.length >= CHUNK;
  }

  /** At the end of a page: everything is recorded or counted as failed. */
  async finish(): Promise<void> {
    await this.flush();
    for (const wait of BUSY_WAITS) {
      if (this.busy.length === 0) return;
      await sleep(wait);
      await this.record(this.busy.splice(0));
    }
    const message = 'Another transaction held the key of the event; the next re-scan tries again.';
    for (const { input } of this.busy.splice(0)) this.fail({ reason: 'busy', key: input.key, message });
  }

  async flush(): Promise<void> {
    const { emissions, keys } = this.batch;
    this.batch = new EmissionBatch();
    if (emissions.length === 0) return;
    const unknownKeys = await this.recorder.unknownKeys(keys);
    if (unknownKeys.size === 0) return;
    const unknown = emissions.filter(({ input }) => unknownKeys.has(input.key));
    if (this.dryRun) this.report.recorded += unknown.length;
    else if (unknown.length > 0) await this.record(unknown);
  }

  /** One invalid event must not keep the others out: where all together are refused, each is tried alone. */
  private async record(emissions: readonly Emission[]): Promise<void> {
    let results: Result[];
    try {
      results = await this.recorder.recordYielding(emissions);
    } catch (error) {
      // Of the connection, and not of an event.
      if (error instanceof NoAnswerError) throw error;
      if (emissions.length === 1) return this.fail(unrecordable(emissions[0]!, error));
      for (const emission of emissions) await this.record([emission]);
      return;
    }
    results.forEach(({ recorded, busy }, index) => {
      if (recorded) this.report.recorded++;
      else if (busy) this.busy.push(emissions[index]!);
    });
  }

  private fail(failure: ScanFailure): void {
    if (addFailure(this.report, failure)) this.onFailure(failure);
  }
}

function unrecordable({ input }: Emission, error: unknown): ScanFailure {
  return {
    reason: 'record',
    key: input.key,
    message: error instanceof Error ? error.message : String(error),
  };
}
