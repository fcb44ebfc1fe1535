import type { Evidence, Interval, ProcessRecord, Run } from './evidence.js';

/** Why a plain handler was started again for an event that it had been started for. */
export const EXCUSES = [
  'the earlier start failed',
  'its process died',
  'its process was shut down',
  'its process stood still for longer than its lease allows',
  'its process was suspended between the check of its lease and its first instruction',
  'the database was away',
] as const;

export type Excuse = (typeof EXCUSES)[number];

/** Between two readings of the same moment by the database's clock and by the machine's. */
const CLOCK_TOLERANCE = 25;

/**
 * Whether a repeat is one that promise 4 allows. The promise: a plain handler runs again only if, between its start and
 * the commit of its acknowledgement, its process died, its lease lapsed, or the database became unreachable; besides, an
 * attempt that failed is tried again, and one that shutdown cut off.
 *
 * How it is judged:
 * - Once success is committed (`finished_at`), any later start is illegitimate, whatever faults there were but one: a lease
 *   is checked, and the handler starts at once, but nothing keeps the machine from suspending the process in between. Seen
 *   from outside: the start is the first thing that the process did after such a suspension. There is one for each of them.
 * - A start that failed excuses the next if the failure came before it. (A timeout is a failure; no handler of the
 *   application has one that it could reach.)
 * - What the engine says of itself is no evidence but for one thing: that a lease was lost, which excuses what was running
 *   where the loss has a cause that is seen from outside. Those that have none are counted on their own.
 * - Otherwise a fault has to lie between the two starts, and be that of the earlier start's own process: its death; a
 *   SIGTERM together with the abort of this very run, since what ends by itself before a process exits in order has to
 *   be acknowledged; its event loop standing still for so long that the lease may have
 *   lapsed, which is two thirds of it since a heartbeat is due every third; or the database's being away.
 * - A handler that is merely slow is no excuse: the heartbeat goes on.
 */
export function excuseFor(
  earlier: Run,
  later: Run,
  finishedAt: number | undefined,
  { processes, outages, lease }: Pick<Evidence, 'processes' | 'outages' | 'lease'>,
): Excuse | undefined {
  if (wasSuspendedAtStart(later, processes, lease)) {
    return 'its process was suspended between the check of its lease and its first instruction';
  }
  if (finishedAt !== undefined && later.from > finishedAt + CLOCK_TOLERANCE) return undefined;
  if (earlier.outcome === 'failed' && earlier.to <= later.from) return 'the earlier start failed';
  const between = { from: earlier.from, to: later.from };
  const process = processes.find(({ name }) => name === earlier.process);
  if (!process) return undefined;
  if (cutOffByShutdown(earlier, later, process)) return 'its process was shut down';
  if (process.to <= later.from && !endedInOrder(process)) return 'its process died';
  const still = process.still.filter(({ from, to }) => to - from >= (lease * 2) / 3);
  const lapses = process.leaseLosses
    .filter((at) => lossHasCause(at, process, { outages, lease }))
    .map((at) => ({ from: at - lease, to: at }));
  if ([...still, ...lapses].some((interval) => overlap(interval, between)))
    return 'its process stood still for longer than its lease allows';
  return outages.some((outage) => overlap(outage, between)) ? 'the database was away' : undefined;
}

function wasSuspendedAtStart(
  { process, from }: Run,
  processes: readonly ProcessRecord[],
  lease: number,
): boolean {
  const suspensions = processes.find(({ name }) => name === process)?.suspensions ?? [];
  return suspensions.some((one) => one.began === from && one.to - one.from >= (lease * 2) / 3);
}

/** In leases: how long after the database was away a process may hear that its lease lapsed, since it has to reconnect first. */
const UNTIL_HEARD = 5;

/**
 * A lease lapses when nothing was heard of a process for as long: because the database was away, or because it stood
 * still, at once or again and again on a machine that has other things to do, for longer than between two heartbeats.
 */
export function lossHasCause(
  at: number,
  { still }: Pick<ProcessRecord, 'still'>,
  { outages, lease }: Pick<Evidence, 'outages' | 'lease'>,
): boolean {
  const before = { from: at - 2.5 * lease, to: at };
  const stood = still
    .filter((interval) => overlap(interval, before))
    .reduce((sum, { from, to }) => sum + to - Math.max(from, before.from), 0);
  if (stood >= lease / 3) return true;
  return outages.some((outage) => overlap(outage, { from: at - UNTIL_HEARD * lease, to: at }));
}

export function overlap(a: Interval, b: Interval): boolean {
  return a.from <= b.to && b.from <= a.to;
}

function cutOffByShutdown(earlier: Run, later: Run, { asked }: ProcessRecord): boolean {
  const { aborted } = earlier;
  return asked !== undefined && aborted?.reason === 'ShutdownError' && aborted.at <= later.from;
}

function endedInOrder({ asked, code, overdue }: ProcessRecord): boolean {
  return asked?.signal === 'SIGTERM' && code === 0 && !overdue;
}

/** All repeats: how many each excuse accounts for, and those that none does. */
export function judgeRepeats(evidence: Evidence): {
  excused: Record<Excuse, number>;
  illegitimate: string[];
} {
  const excused = Object.fromEntries(EXCUSES.map((excuse) => [excuse, 0])) as Record<Excuse, number>;
  const illegitimate: string[] = [];
  const finished = new Map(
    evidence.outcomes.map(({ handler, key, finishedAt }) => [`${handler} ${key}`, finishedAt]),
  );
  for (const [pair, runs] of runsByPair(evidence.runs)) {
    for (const [index, later] of runs.entries()) {
      if (index === 0) continue;
      const earlier = runs[index - 1]!;
      const excuse = excuseFor(earlier, later, finished.get(pair), evidence);
      if (excuse) excused[excuse]++;
      else illegitimate.push(`${pair}: ${told(earlier)}, then ${told(later)}${ended(finished.get(pair))}`);
    }
  }
  return { excused, illegitimate };
}

function runsByPair(runs: readonly Run[]): Map<string, Run[]> {
  const pairs = new Map<string, Run[]>();
  for (const run of [...runs].sort((a, b) => a.from - b.from)) {
    const pair = `${run.handler} ${run.key}`;
    const known = pairs.get(pair);
    if (known) known.push(run);
    else pairs.set(pair, [run]);
  }
  return pairs;
}

function told({ process, attempt, from, to, outcome, aborted }: Run): string {
  const end = outcome ? `${outcome} at ${to.toFixed(0)}` : 'never ended';
  const cut = aborted ? `, ${aborted.reason} at ${aborted.at.toFixed(0)}` : '';
  return `attempt ${attempt} in ${process} at ${from.toFixed(0)} (${end}${cut})`;
}

function ended(finishedAt: number | undefined): string {
  return finishedAt === undefined ? '' : `; success was committed at ${finishedAt.toFixed(0)}`;
}
