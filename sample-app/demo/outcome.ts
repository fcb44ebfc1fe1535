import { type Group, GROUPS } from './expected-events.js';
import type { DatabaseFigures } from './writer.js';

/** Everything that was counted, from four independent places: the data file, the log, the mail files, the timeline. */
export interface Evidence {
  expected: Record<Group, number>;
  database: DatabaseFigures;
  /** How often each mail was sent, by event key. */
  mails: Map<string, number>;
  /** Event keys of mails that were sent, but not yet noted as sent, when the worker was killed. */
  unnoted: Set<string>;
  kills: number;
  plannedKills: number;
  /** What the re-scan found on the day of the import, when there was nothing to find. */
  newOnFirstDay: number;
}

/** A line of the table: one event group. */
export interface Row {
  group: string;
  expected: number;
  recorded: number;
  /** Mails without their copies. */
  mailed: number;
  /** Copies of mails. */
  mailedAgain: number;
  mailsLost: number;
  timeline: number;
  timelineDuplicates: number;
  timelineLost: number;
}

export interface Check {
  claim: string;
  holds: boolean;
}

export function rows({ expected, database, mails }: Evidence): Row[] {
  return GROUPS.map((group) => {
    const keys = database.recorded.filter((event) => event.group === group).map(({ key }) => key);
    const written = countByKey(database.timeline);
    return {
      group,
      expected: expected[group],
      recorded: keys.length,
      ...ofMails(keys, mails),
      ...ofTimeline(keys, written),
    };
  });
}

function ofMails(
  keys: string[],
  mails: Map<string, number>,
): Pick<Row, 'mailed' | 'mailedAgain' | 'mailsLost'> {
  const mailed = keys.filter((key) => mails.has(key));
  return {
    mailed: mailed.length,
    mailedAgain: surplus(mailed, mails),
    mailsLost: keys.length - mailed.length,
  };
}

function ofTimeline(
  keys: string[],
  written: Map<string, number>,
): Pick<Row, 'timeline' | 'timelineDuplicates' | 'timelineLost'> {
  const found = keys.filter((key) => written.has(key));
  const timelineDuplicates = surplus(found, written);
  return { timeline: found.length, timelineDuplicates, timelineLost: keys.length - found.length };
}

/** What has to be true of the figures; the demo fails when one of them is not. */
export function checks(evidence: Evidence): Check[] {
  const { database, mails, unnoted, kills, plannedKills, newOnFirstDay } = evidence;
  const table = rows(evidence);
  const every = (holds: (row: Row) => boolean) => table.every(holds);
  const { pending = 0, running = 0, dead = 0, succeeded = 0 } = database.deliveries;
  const resent = [...mails].filter(([, times]) => times > 1).map(([key]) => key);
  const known = new Set(database.recorded.map(({ key }) => key));
  return [
    {
      claim: 'every event that the data file calls for was recorded, once',
      holds: every(({ expected, recorded }) => recorded === expected),
    },
    { claim: 'no other event was recorded', holds: database.recorded.length === sum(table, 'expected') },
    {
      claim: 'no mail was lost, and none was sent without an event',
      holds: every(({ mailsLost }) => mailsLost === 0) && [...mails.keys()].every((key) => known.has(key)),
    },
    {
      claim: `only mails that a kill kept from being noted as sent were sent again (${resent.length} of ${unnoted.size})`,
      holds: resent.every((key) => unnoted.has(key)),
    },
    {
      claim: 'the transactional handler wrote every row exactly once',
      holds: every((row) => row.timelineLost + row.timelineDuplicates === 0),
    },
    {
      claim: 'every delivery succeeded',
      holds: pending + running + dead === 0 && succeeded === 2 * known.size,
    },
    { claim: 'a re-scan with nothing to find recorded nothing', holds: newOnFirstDay === 0 },
    { claim: `the worker was killed ${plannedKills} times`, holds: kills === plannedKills },
  ];
}

export function sum(table: Row[], column: Exclude<keyof Row, 'group'>): number {
  return table.reduce((total, row) => total + row[column], 0);
}

function countByKey(keys: string[]): Map<string, number> {
  const counts = new Map<string, number>();
  for (const key of keys) counts.set(key, (counts.get(key) ?? 0) + 1);
  return counts;
}

/** How many more there are than one of each key. */
function surplus(keys: string[], counts: Map<string, number>): number {
  return keys.reduce((total, key) => total + counts.get(key)! - 1, 0);
}
