import type { Evidence } from '../judge/evidence.js';
import type { Excuse } from '../judge/repeats.js';
import { COUNTS, type Count, type Verdict } from '../judge/verdict.js';
import { FAULTS, type FaultName, type OutsideFault } from './faults.js';

/** What came of one run: plain JSON. */
export interface ChaosSummary {
  database: string;
  seed: number;
  seconds: number;
  /** How often each fault was made. */
  faults: Partial<Record<FaultName, number>>;
  did: {
    processes: number;
    events: number;
    deliveries: number;
    effects: number;
    /** Items of streams that say that an event was recorded. */
    told: number;
    /** Starts of handlers, of transactional ones too. */
    handed: number;
    /** Starts of plain handlers. */
    starts: number;
    leasesLost: number;
    /** Events of aggregates. */
    marks: number;
    /** Saves of aggregates outside of transactions that resolved, by their events, and those that were refused. */
    marked: number;
    refused: number;
    snapshots: number;
    /** Decisions that resolved with an event, and those that were refused or rolled back. */
    decided: number;
    undecided: number;
    /** Of the first follower. */
    versions: number;
  };
  /** Repeats of plain handlers by what allows them. */
  repeats: Record<Excuse, number>;
  /** All zero, or the run has failed. */
  counts: Record<Count, number>;
  /** The first few of what was found. */
  found: Partial<Verdict>;
}

export interface SummaryParts {
  seed: number;
  seconds: number;
  description: string;
  faults: readonly FaultName[];
  made: ReadonlyMap<OutsideFault, number>;
  evidence: Evidence;
  verdict: Verdict;
  excused: Record<Excuse, number>;
}

const SHOWN = 5;

export function summaryOf(parts: SummaryParts): ChaosSummary {
  const { seed, seconds, description, faults, made, evidence, verdict, excused } = parts;
  const { processes, events, outcomes, effects, runs, told, handed } = evidence;
  const found = Object.entries(verdict).filter(([, lines]) => lines.length > 0);
  const insideCounts = insideFaults(evidence);
  return {
    database: description,
    seed,
    seconds,
    faults: Object.fromEntries(
      faults.map((fault) => [fault, made.get(fault as OutsideFault) ?? insideCounts[fault] ?? 0]),
    ),
    did: {
      processes: processes.length,
      events: events.length,
      deliveries: outcomes.length,
      effects: effects.length,
      told: told.length,
      handed: handed.length,
      starts: runs.length,
      leasesLost: processes.reduce((sum, { leaseLosses }) => sum + leaseLosses.length, 0),
      marks: evidence.streams.events.length,
      marked: evidence.marked.length,
      refused: evidence.refused.length,
      snapshots: evidence.streams.snapshots.length,
      decided: evidence.decided.length,
      undecided: evidence.undecided.length,
      versions: evidence.traces.version,
    },
    repeats: excused,
    counts: Object.fromEntries(
      Object.entries(verdict).map(([count, lines]) => [count, lines.length]),
    ) as Record<Count, number>,
    found: Object.fromEntries(found.map(([count, lines]) => [count, lines.slice(0, SHOWN)])),
  };
}

/** Of those that the application makes or has: how often they came about. */
function insideFaults({ processes }: Evidence): Partial<Record<string, number>> {
  const counts: Partial<Record<string, number>> = {};
  for (const fault of processes.flatMap(({ made }) => made)) counts[fault] = (counts[fault] ?? 0) + 1;
  return counts;
}

/** The summary as a table for people. */
export function tableOf(summary: ChaosSummary): string {
  const { database, seed, seconds, faults, did, repeats, counts } = summary;
  const rows: [string, string | number][] = [
    ['Database', database],
    ['Seed', seed],
    ['Seconds under fire', seconds],
    ...Object.entries(faults).map(([name, count]): [string, number] => [FAULTS[name as FaultName], count]),
    ...Object.entries(did).map(([name, count]): [string, number] => [name, count]),
    ...Object.entries(repeats).map(([excuse, count]): [string, number] => [
      `Started again: ${excuse}`,
      count,
    ]),
    ...Object.entries(counts).map(([name, count]): [string, number] => [COUNTS[name as Count], count]),
  ];
  const width = Math.max(...rows.map(([label]) => label.length));
  const lines = rows.map(([label, value]) => `${label.padEnd(width)}  ${value}`);
  return [...lines, ...findingsOf(summary)].join('\n');
}

/** What must not happen and did: the first few lines of each kind. */
export function findingsOf({ found }: ChaosSummary): string[] {
  return Object.entries(found).flatMap(([name, examples]) => [
    `\n${COUNTS[name as Count]}, the first of them:`,
    ...examples.map((line) => `  ${line}`),
  ]);
}
