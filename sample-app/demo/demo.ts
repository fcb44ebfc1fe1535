import { dayOf } from '../calendar-day.js';
import { type ChallengeData, readChallengeData } from '../data/challenge-data.js';
import { DemoProcess } from './demo-process.js';
import { DemoWeek, PLANNED_KILLS } from './demo-week.js';
import { expectedEvents } from './expected-events.js';
import { MortalWorker } from './mortal-worker.js';
import type { Evidence } from './outcome.js';
import type { ProcessSettings } from './process-settings.js';
import { report } from './report.js';
import { ScratchSpace } from './scratch-space.js';
import { sentMails } from './sent-mails.js';
import type { WriterCommands } from './writer.js';

/**
 * Shows the main job on a new SQLite file, or on a new database of the given server: one process saves challenges and
 * re-scans them through a week, another handles the events and is killed in between. Gives whether all figures are right.
 */
export async function runDemo(serverUrl?: string): Promise<boolean> {
  const space = await ScratchSpace.create(serverUrl);
  try {
    const data = await readChallengeData();
    console.log(`${data.challenges.length} challenges, seven days from ${data.start} on.`);
    const evidence = await gatherEvidence(space, data);
    const { lines, ok } = report(evidence);
    console.log(`\n${lines.join('\n')}`);
    return ok;
  } finally {
    await space.remove();
  }
}

async function gatherEvidence(space: ScratchSpace, data: ChallengeData): Promise<Evidence> {
  const settings: ProcessSettings = { database: space.database, mails: space.mails, clockOffset: 0 };
  const writer = await DemoProcess.start<WriterCommands>('demo-writer', settings);
  const worker = new MortalWorker(settings, () => writer.call('unfinishedMails'));
  try {
    await worker.start();
    const days = week(data);
    const newOnFirstDay = await new DemoWeek(writer, worker, console.log).live(days);
    await worker.stop();
    const database = await writer.call('figures');
    await writer.call('stop');
    const { kills, unnoted } = worker;
    const mails = await sentMails(space.mails);
    return {
      expected: expectedEvents(data, days),
      database,
      mails,
      unnoted,
      kills,
      plannedKills: PLANNED_KILLS,
      newOnFirstDay,
    };
  } finally {
    await worker.abandon();
    await writer.kill();
  }
}

function week({ start }: ChallengeData): string[] {
  return Array.from({ length: 7 }, (_, index) => dayOf(new Date(Date.parse(start) + index * 86_400_000)));
}
