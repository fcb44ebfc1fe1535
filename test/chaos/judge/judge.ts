import type { Evidence, Mention, ProcessRecord } from './evidence.js';
import { judgeRepeats, lossHasCause, overlap } from './repeats.js';
import { judgeStreams } from './streams.js';
import { judgeTopics } from './topics.js';
import { judgeTraces } from './traces.js';
import type { Verdict } from './verdict.js';

/** Finds everything that must not have happened. Reads the evidence, and nothing else. */
export function judge(evidence: Evidence): Verdict {
  const verdict = {
    ...judgeLog(evidence),
    ...judgeCommits(evidence),
    ...judgeStreams(evidence),
    ...judgeTopics(evidence),
    ...judgeTraces(evidence),
    ...judgeDeliveries(evidence),
    ...judgeProcesses(evidence),
  };
  return {
    ...verdict,
    illegitimateRepeats: judgeRepeats(evidence).illegitimate,
    troubles: [...evidence.troubles],
  };
}

/** Of the events of streams, of decisions and of followers, the other judges know what caused them. */
function judgeLog({
  causes,
  events,
  streams,
  topics,
  traces,
}: Evidence): Pick<Verdict, 'eventsLost' | 'eventsWithoutCause'> {
  const recorded = new Map(events.map(({ key, group }) => [key, group]));
  const choices = topics.filter(({ seen }) => seen !== undefined);
  const caused = new Set(
    [...causes, ...streams.events, ...choices, ...traces.collected].map(({ key }) => key),
  );
  return {
    eventsLost: causes.filter(({ key, group }) => recorded.get(key) !== group).map(({ key }) => key),
    eventsWithoutCause: events.filter(({ key }) => !caused.has(key)).map(({ key }) => key),
  };
}

/** By key and position: a key that rolled back may be recorded later, at another position. */
function judgeCommits({
  events,
  told,
  handed,
}: Evidence): Pick<Verdict, 'toldUnrecorded' | 'handledUnrecorded'> {
  const logged = new Set(events.map(nameOf));
  const unrecorded = (mentions: readonly Mention[]) => mentions.filter((event) => !logged.has(nameOf(event)));
  return {
    toldUnrecorded: unrecorded(told).map((event) => `${nameOf(event)} in ${event.process}`),
    handledUnrecorded: unrecorded(handed).map(
      (event) => `${event.handler} was given ${nameOf(event)} in ${event.process}`,
    ),
  };
}

function nameOf({ key, position }: { key: string; position: number }): string {
  return `${key} (${position})`;
}

type DeliveryCounts =
  'deliveriesLost' | 'deliveriesStuck' | 'wrongEffects' | 'wrongBalances' | 'orderViolations';

function judgeDeliveries(evidence: Evidence): Pick<Verdict, DeliveryCounts> {
  const { outcomes } = evidence;
  const open = outcomes.filter(({ state }) => state === 'pending' || state === 'running');
  return {
    deliveriesLost: lostDeliveries(evidence),
    deliveriesStuck: open.map(({ handler, key, state }) => `${handler} ${key} is ${state}`),
    wrongEffects: wrongEffects(evidence),
    wrongBalances: wrongBalances(evidence),
    orderViolations: orderViolations(evidence),
  };
}

/** Open ones are counted as stuck, not as lost. */
function lostDeliveries({ plans, events, outcomes }: Evidence): string[] {
  const states = new Map(outcomes.map(({ handler, key, state }) => [`${handler} ${key}`, state]));
  const lost: string[] = [];
  for (const [handler, { groups, ends }] of Object.entries(plans)) {
    for (const { key, group } of events) {
      const state = states.get(`${handler} ${key}`);
      if (!groups.includes(group) || state === ends || state === 'pending' || state === 'running') continue;
      lost.push(`${handler} ${key} is ${state ?? 'nowhere'}, expected ${ends}`);
    }
  }
  return lost;
}

/** Effects of what is still open are wrong only when there is one: that it is open is counted elsewhere. */
function wrongEffects({ plans, events, effects, outcomes }: Evidence): string[] {
  const counts = new Map<string, number>();
  for (const { handler, key } of effects) {
    const pair = `${handler} ${key}`;
    counts.set(pair, (counts.get(pair) ?? 0) + 1);
  }
  const succeeded = new Set(
    outcomes.filter(({ state }) => state === 'succeeded').map(({ handler, key }) => `${handler} ${key}`),
  );
  const wrong: string[] = [];
  for (const [handler, { groups, kind }] of Object.entries(plans)) {
    if (kind !== 'transactional') continue;
    for (const { key, group } of events) {
      const pair = `${handler} ${key}`;
      const count = counts.get(pair) ?? 0;
      counts.delete(pair);
      if (groups.includes(group) && count !== (succeeded.has(pair) ? 1 : 0)) wrong.push(`${pair}: ${count}`);
    }
  }
  return [...wrong, ...[...counts].map(([pair, count]) => `${pair}, which is not in the log: ${count}`)];
}

/** Each effect of the handler came with one change of each account. */
function wrongBalances({ balances, effects }: Evidence): string[] {
  const expected = effects.filter(({ handler }) => handler === 'rival').length;
  return balances.flatMap((balance, at) =>
    balance === expected ? [] : [`account ${at + 1} was changed ${balance} times by ${expected} handlers`],
  );
}

/**
 * Effects of ordered handlers come in log order for each order key. Whoever records events of one order key waits for
 * each commit before the next, so the order of positions is that of commits.
 */
function orderViolations({ plans, events, effects }: Evidence): string[] {
  const known = new Map(events.map((event) => [event.key, event]));
  const last = new Map<string, number>();
  const violations: string[] = [];
  for (const { handler, key } of effects) {
    const event = known.get(key);
    if (!plans[handler]?.ordered || !event?.orderKey) continue;
    const { orderKey, position } = event;
    const lane = `${handler} ${orderKey}`;
    const before = last.get(lane) ?? -1;
    if (position < before)
      violations.push(`${handler} handled ${key} (${position}) after ${before} of ${orderKey}`);
    last.set(lane, Math.max(before, position));
  }
  return violations;
}

type ProcessCounts = 'leasesLostWithoutCause' | 'connectionsLeaked' | 'unhandled' | 'badExits';

function judgeProcesses(evidence: Evidence): Pick<Verdict, ProcessCounts> {
  const { processes, sessionExcesses, sessionsLeft } = evidence;
  const left = sessionsLeft > 0 ? [`${sessionsLeft} sessions of processes that have ended`] : [];
  const excesses = sessionExcesses.map(
    ({ process, count, from, to }) => `${process} had ${count} for ${(to - from).toFixed(0)} ms`,
  );
  return {
    leasesLostWithoutCause: processes.flatMap((process) => leasesLost(process, evidence)),
    connectionsLeaked: [...left, ...excesses],
    unhandled: processes.flatMap(({ name, unhandled }) => unhandled.map((text) => `${name}: ${text}`)),
    badExits: processes.flatMap((process) => badExit(process, evidence)),
  };
}

function leasesLost(process: ProcessRecord, evidence: Evidence): string[] {
  const uncaused = process.leaseLosses.filter((at) => !lossHasCause(at, process, evidence));
  return uncaused.map((at) => `${process.name} at ${at.toFixed(0)}`);
}

function badExit(process: ProcessRecord, { outages }: Evidence): string[] {
  const { name, asked, code, overdue, readyAt, from, to } = process;
  if (overdue) return [`${name} did not end within the time that shutdown may take`];
  if (asked?.signal === 'SIGKILL') return [];
  if (asked?.signal === 'SIGTERM' && code === 0) return [];
  // Where the database is away, an application does not start.
  const couldNotStart = readyAt === undefined && outages.some((outage) => overlap(outage, { from, to }));
  return couldNotStart ? [] : [`${name} ended with ${code ?? 'a signal'}${asked ? '' : ', unasked'}`];
}
