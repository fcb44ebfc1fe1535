import { setTimeout as sleep } from 'node:timers/promises';
import type { CalendarDay } from '../calendar-day.js';
import type { DemoProcess } from './demo-process.js';
import type { Kill, MortalWorker } from './mortal-worker.js';
import type { RescanFigures, WriterCommands } from './writer.js';

/** On the first day the worker dies twice, on the fourth once more. */
const KILLS: Record<number, Kill[]> = {
  0: [
    { mails: 60, moment: 'begun' },
    { mails: 140, moment: 'sent' },
  ],
  3: [{ mails: 5, moment: 'begun' }],
};
export const PLANNED_KILLS = Object.values(KILLS).flat().length;

const PATIENCE = 60_000;

/** The course of the demo: an import, and a week of re-scans, with a worker that dies now and then. */
export class DemoWeek {
  constructor(
    private readonly writer: DemoProcess<WriterCommands>,
    private readonly worker: MortalWorker,
    private readonly print: (line: string) => void,
  ) {}

  /** Lives through the days; gives what the re-scan of the first day recorded, which should be nothing. */
  async live(days: CalendarDay[]): Promise<number> {
    const recorded: number[] = [];
    for (const [index, day] of days.entries()) {
      await this.moveClockTo(day);
      const kills = withinPatience(this.killWorker(KILLS[index] ?? []));
      const [figures] = await Promise.all([this.saveAndRescan(day, index === 0), kills]);
      await this.settled();
      recorded.push(figures.recorded);
    }
    return recorded[0] ?? 0;
  }

  private async saveAndRescan(day: CalendarDay, isFirst: boolean): Promise<RescanFigures> {
    if (isFirst) {
      await this.writer.call('importChallenges', day);
      this.print(`${describeDay(day)}  challenges imported`);
    }
    const donations = isFirst ? 0 : await this.writer.call('importDonations', day);
    const figures = await this.writer.call('rescan');
    this.print(
      `${describeDay(day)}  ${describeRescan(figures)}${donations ? `, after ${donations} donations` : ''}`,
    );
    return figures;
  }

  private async moveClockTo(day: CalendarDay): Promise<void> {
    const offset = Date.parse(`${day}T09:00:00Z`) - Date.now();
    await this.writer.call('setClock', offset);
    await this.worker.setClock(offset);
  }

  private async killWorker(kills: Kill[]): Promise<void> {
    for (const kill of kills) {
      await this.worker.killAt(kill);
      this.print(
        `  worker killed (SIGKILL) when it had ${kill.moment} ${kill.mails} mails, and started again`,
      );
    }
  }

  /** Resolves when every delivery is finished. */
  private async settled(): Promise<void> {
    const deadline = Date.now() + PATIENCE;
    for (let open = await this.writer.call('open'); open > 0; open = await this.writer.call('open')) {
      if (Date.now() > deadline)
        throw new Error(`${open} deliveries were still open after ${PATIENCE / 1000} s.`);
      await sleep(100);
    }
  }
}

function withinPatience(kills: Promise<void>): Promise<void> {
  return new Promise((resolve, reject) => {
    const late = `The worker sent too few mails to be killed within ${PATIENCE / 1000} s.`;
    const timer = setTimeout(() => reject(new Error(late)), PATIENCE);
    void kills.then(resolve, reject).finally(() => clearTimeout(timer));
  });
}

function describeDay(day: CalendarDay): string {
  return `${new Date(day).toLocaleDateString('en-GB', { weekday: 'short', timeZone: 'UTC' })} ${day}`;
}

function describeRescan({ rows, events, recorded }: RescanFigures): string {
  return `re-scan of ${rows} challenges: ${events} events seen, ${recorded} new`;
}
