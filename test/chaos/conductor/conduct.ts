import { mkdtempSync, rmSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { seededRandom } from '../../support/seeded-random.js';
import { machineTime } from '../app/journal.js';
import type { Evidence } from '../judge/evidence.js';
import { judge } from '../judge/judge.js';
import { judgeRepeats } from '../judge/repeats.js';
import { totalOf } from '../judge/verdict.js';
import type { ChaosDatabase } from '../servers/chaos-database.js';
import { Company } from './company.js';
import { drained } from './drain.js';
import { chooseFault, type FaultName, makeFault, type OutsideFault, possibleFaults } from './faults.js';
import { gatherRows } from './gather.js';
import { Observer } from './observer.js';
import { type ChaosSummary, summaryOf } from './summary.js';

export interface ChaosSettings {
  database: ChaosDatabase;
  seed: number;
  /** How long producers produce and faults are made; then everything is drained. */
  seconds: number;
  /** Goes on under fire beyond that until so many events are in the log. Default 0. */
  leastEvents?: number;
  /** Goes on under fire beyond that until each of these was made which the database has. Default none. */
  untilMade?: readonly FaultName[];
  faults: readonly FaultName[];
  /** Milliseconds between two faults from outside. Default 300 to 2200. */
  pause?: Readonly<{ shortest: number; longest: number }>;
  workers: number;
  producers: number;
  /** Told what happens. */
  log: (line: string) => void;
  /** Where the evidence goes when something was found. Default: nowhere. */
  keep?: string | undefined;
}

const PAUSE = { shortest: 300, longest: 2200 };

/** Milliseconds that a fault waits for processes that are just starting, at most. */
const LONGEST_START = 2500;

/** Milliseconds in which a server notices that the clients of its sessions are gone. */
const SESSIONS_LIMIT = 10_000;

/** One run: everything is started, set under fire, drained, stopped, and judged. */
export async function conduct(settings: ChaosSettings): Promise<ChaosSummary> {
  const run = new Run(settings);
  try {
    return await run.conduct();
  } finally {
    await run.end();
  }
}

class Run {
  private readonly random: () => number;
  private readonly folder = mkdtempSync(join(tmpdir(), 'once-chaos-'));
  private readonly faults: FaultName[];
  private readonly company: Company;
  private readonly observer: Observer;
  private readonly made = new Map<OutsideFault, number>();
  private readonly troubles: string[] = [];
  private readonly removeFolder = () => rmSync(this.folder, { recursive: true, force: true, maxRetries: 5 });

  constructor(private readonly settings: ChaosSettings) {
    const { database, seed, faults } = settings;
    this.random = seededRandom(seed);
    this.faults = possibleFaults(faults, database);
    const { random, folder } = this;
    this.company = new Company({ ...settings, random, folder, faults: this.faults });
    process.once('exit', this.removeFolder);
    this.observer = new Observer(database, (name) => this.sessionLimit(name));
  }

  async conduct(): Promise<ChaosSummary> {
    const { settings, observer, company } = this;
    const { log, seconds } = settings;
    await observer.start();
    await company.start();
    log(`${settings.database.description}, seed ${settings.seed}: under fire for ${seconds} s`);
    await this.setUnderFire();
    log('draining');
    await company.close('produce');
    await company.renew();
    await drained((sql) => observer.query(sql), company.version);
    await company.close('work');
    const sessionsLeft = await this.sessionsLeft();
    await observer.stopWatching();
    const evidence = await this.evidence(sessionsLeft);
    const verdict = judge(evidence);
    if (totalOf(verdict) > 0) await this.keepEvidence({ verdict, ...evidence });
    const { excused } = judgeRepeats(evidence);
    const { seed, database } = settings;
    const { description } = database;
    return summaryOf({
      seed,
      seconds,
      description,
      faults: this.faults,
      made: this.made,
      evidence,
      verdict,
      excused,
    });
  }

  async end(): Promise<void> {
    await this.company.kill();
    await this.observer.stopWatching();
    await this.observer.close().catch(() => undefined);
    process.off('exit', this.removeFolder);
    this.removeFolder();
  }

  /** Faults may overlap: only the database's crash waits for nothing and lets nothing else begin. */
  private async setUnderFire(): Promise<void> {
    const { faults, random, company, observer } = this;
    const { database, seconds, pause: { shortest, longest } = PAUSE } = this.settings;
    const until = performance.now() + seconds * 1000;
    const underWay = new Set<Promise<unknown>>();
    while (performance.now() < until || !(await this.hasEnough())) {
      await wait(shortest + random() * (longest - shortest));
      // Mostly there is work under way for it to disturb; now and then it is the start of a process.
      if (random() < 0.7) await Promise.race([company.settled(), wait(LONGEST_START)]);
      const fault = chooseFault(faults, random);
      if (!fault) continue;
      const done = makeFault(fault, { company, database, observer, random }).then(
        (made) => this.note(fault, made),
        (error: unknown) => void this.troubles.push(`${fault}: ${String(error)}`),
      );
      underWay.add(done);
      void done.finally(() => underWay.delete(done));
      if (fault === 'restart') await done;
    }
    await Promise.all(underWay);
  }

  /** A slow machine may do nothing but start processes in the time given. */
  private async hasEnough(): Promise<boolean> {
    return (await this.hasEvents()) && this.hasMade();
  }

  private async hasMade(): Promise<boolean> {
    const { untilMade = [] } = this.settings;
    const awaited = untilMade.filter((fault) => this.faults.includes(fault));
    if (awaited.length === 0) return true;
    const own = await this.company.made();
    return awaited.every((fault) => own.has(fault) || this.made.has(fault as OutsideFault));
  }

  private async hasEvents(): Promise<boolean> {
    const { leastEvents = 0 } = this.settings;
    if (leastEvents === 0) return true;
    const counted = this.observer.query<{ count: unknown }>('SELECT count(*) AS count FROM once_event');
    const [row] = await counted.catch(() => []);
    return Number(row?.count ?? 0) >= leastEvents;
  }

  private note(fault: OutsideFault, made: boolean): void {
    if (!made) return;
    this.made.set(fault, (this.made.get(fault) ?? 0) + 1);
    this.settings.log(`  ${fault}`);
  }

  private sessionLimit(name: string): number | undefined {
    const process = this.company.all.find((known) => known.name === name);
    return process?.sessionLimit;
  }

  private async sessionsLeft(): Promise<number> {
    const { sessions } = this.settings.database;
    if (!sessions) return 0;
    const deadline = performance.now() + SESSIONS_LIMIT;
    for (;;) {
      const counts = [...(await sessions()).values()];
      const left = counts.reduce((sum, count) => sum + count, 0);
      if (left === 0 || performance.now() > deadline) return left;
      await wait(100);
    }
  }

  private async evidence(sessionsLeft: number): Promise<Evidence & { logs: unknown }> {
    const { observer, company, troubles } = this;
    // The database is on this machine: its clock is the machine's.
    const clockOffset = Date.now() - machineTime();
    return {
      ...(await gatherRows((sql) => observer.query(sql), clockOffset, company.version)),
      ...(await company.records()),
      outages: observer.outages,
      sessionExcesses: observer.excesses,
      sessionsLeft,
      troubles,
    };
  }

  private async keepEvidence(evidence: object): Promise<void> {
    const { keep, log } = this.settings;
    if (!keep) return;
    await writeFile(keep, JSON.stringify(evidence, null, 1));
    log(`the evidence is in ${keep}`);
  }
}
