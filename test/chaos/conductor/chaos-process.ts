import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { createReadStream, writeFileSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { setTimeout as wait } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { machineTime, type TimedEntry } from '../app/journal.js';
import { CONTROL_CONNECTIONS, type FollowerName, SHUTDOWN_TIMEOUT } from '../app/plan.js';
import type { ChaosSetup } from '../app/setup.js';
import { beganBy, standstills } from '../judge/standstills.js';
import type { Interval, Mention, ProcessRecord, Run, ToldDecision, ToldMark } from '../judge/evidence.js';

const RUN_TS = fileURLToPath(new URL('../../support/run-ts.mjs', import.meta.url));
const MAIN = fileURLToPath(new URL('../app/main.ts', import.meta.url));
const JUMPING_CLOCK = new URL('../app/jumping-clock.mjs', import.meta.url).href;

/**
 * Milliseconds from SIGTERM to exit: what running handlers are given, then what the engine has to give back and to close
 * is given, and what a machine with other things to do may take.
 */
const EXIT_LIMIT = SHUTDOWN_TIMEOUT + 5000 + 6000;

/** What is known of a process once it has ended. */
export interface KnownOfProcess {
  record: ProcessRecord;
  runs: Run[];
  told: Mention[];
  handed: Mention[];
  marked: ToldMark[];
  refused: ToldMark[];
  decided: ToldDecision[];
  undecided: ToldDecision[];
  logs: TimedEntry[];
}

/** One process of the application, and what is known of it. */
export class ChaosProcess {
  private readonly child: ChildProcess;
  private readonly from = machineTime();
  /** Resolves when it has ended, however that came. */
  readonly ended: Promise<unknown>;
  /** Resolves when it has started, or ended before. */
  readonly ready: Promise<unknown>;
  private to = Infinity;
  private readyAt?: number;
  private asked?: NonNullable<ProcessRecord['asked']>;
  private overdue = false;
  private errors = '';
  private readonly suspended: Interval[] = [];

  constructor(private readonly setup: ChaosSetup) {
    // There is one, also of a process that does not get so far.
    writeFileSync(setup.journal, '');
    this.child = fork(RUN_TS, [MAIN, JSON.stringify(setup)], {
      stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
      execArgv: setup.jumpingClock ? ['--import', JUMPING_CLOCK] : [],
      // Of the test runner nothing is to be known.
      env: { PATH: process.env.PATH, TMPDIR: process.env.TMPDIR, NODE_ENV: 'test' },
    });
    this.child.stderr!.on('data', (text: Buffer) => (this.errors += text.toString()));
    this.ended = once(this.child, 'exit').then(() => (this.to = machineTime()));
    this.ready = Promise.race([
      once(this.child, 'message').then(() => (this.readyAt = machineTime())),
      this.ended,
    ]);
  }

  get name(): string {
    return this.setup.name;
  }

  /** The version of the first follower that it has. */
  get version(): number {
    return this.setup.version;
  }

  get sessionLimit(): number {
    return this.setup.poolSize + CONTROL_CONNECTIONS;
  }

  get isReady(): boolean {
    return this.readyAt !== undefined && this.to === Infinity && !this.asked;
  }

  get hasEnded(): boolean {
    return this.to !== Infinity;
  }

  async kill(): Promise<void> {
    this.ask('SIGKILL');
    await this.ended;
  }

  /** Resolves when it has ended; killed when it takes longer than it may. */
  async terminate(): Promise<void> {
    this.ask('SIGTERM');
    const ended = await Promise.race([this.ended, wait(EXIT_LIMIT, 'late', { ref: false })]);
    if (ended !== 'late') return;
    this.overdue = true;
    this.child.kill('SIGKILL');
    await this.ended;
  }

  /** Lets it stand still, as a host does whose virtual machine is paused. */
  async suspend(milliseconds: number): Promise<void> {
    const suspension = { from: machineTime(), to: Infinity };
    this.suspended.push(suspension);
    this.child.kill('SIGSTOP');
    await wait(milliseconds);
    suspension.to = machineTime();
    this.child.kill('SIGCONT');
  }

  /** Has it reset a follower; false where it could not, or ended before. */
  async reset(follower: FollowerName): Promise<boolean> {
    const answer = once(this.child, 'message').then(([text]) => text as unknown);
    this.child.send(follower, () => undefined);
    return (await Promise.race([answer, this.ended])) === 'reset';
  }

  /** What is known of it once it has ended. */
  async record(): Promise<KnownOfProcess> {
    const entries = await this.entries();
    const { name, role } = this.setup;
    // One that was killed meanwhile did not go on.
    const suspended = this.suspended.map(({ from, to }) => ({ from, to: Math.min(to, this.to) }));
    const record: ProcessRecord = {
      name,
      role,
      from: this.from,
      to: this.to,
      sessionLimit: this.sessionLimit,
      readyAt: this.readyAt,
      asked: this.asked,
      overdue: this.overdue,
      code: this.child.exitCode,
      made: madeIn(entries),
      still: [...standstills(entries, this.to), ...suspended],
      suspensions: suspended.map((suspension) => beganBy(suspension, entries)),
      leaseLosses: entries.filter(({ what }) => what === 'lease lost').map(({ at }) => at),
      unhandled: entries.flatMap((entry) => (entry.what === 'unhandled' ? [entry.text] : [])),
    };
    const errors = this.errors
      ? [{ what: 'log' as const, at: this.to, text: this.errors.slice(0, 2000) }]
      : [];
    return {
      record,
      runs: this.runsOf(entries),
      told: this.mentions(entries, 'told'),
      handed: this.mentions(entries, 'handed'),
      marked: this.marks(entries, 'marked'),
      refused: this.marks(entries, 'refused'),
      decided: this.decisions(entries, 'decided'),
      undecided: this.decisions(entries, 'undecided'),
      logs: [...entries.filter(({ what }) => what === 'log'), ...errors],
    };
  }

  /** Faults that it made itself, or had, so far. */
  async made(): Promise<string[]> {
    return madeIn(await this.entries());
  }

  private mentions(entries: readonly TimedEntry[], what: 'told' | 'handed'): Mention[] {
    return entries.flatMap((entry) => {
      if (entry.what !== what) return [];
      const { key, position } = entry;
      const handler = entry.what === 'handed' ? { handler: entry.handler } : {};
      return [{ process: this.name, key, position, ...handler }];
    });
  }

  private marks(entries: readonly TimedEntry[], what: 'marked' | 'refused'): ToldMark[] {
    return entries.flatMap((entry) => {
      if (entry.what !== what) return [];
      const { key, position } = entry.what === 'marked' ? entry : {};
      return [{ process: this.name, mark: entry.mark, key, position }];
    });
  }

  private decisions(entries: readonly TimedEntry[], what: 'decided' | 'undecided'): ToldDecision[] {
    return entries.flatMap((entry) => (entry.what === what ? [{ process: this.name, key: entry.key }] : []));
  }

  private ask(signal: 'SIGTERM' | 'SIGKILL'): void {
    this.asked ??= { signal, at: machineTime() };
    this.child.kill(signal);
  }

  private runsOf(entries: readonly TimedEntry[]): Run[] {
    const runs = new Map<number, Run>();
    for (const entry of entries) {
      if (entry.what === 'start') {
        const { handler, key, attempt, at } = entry;
        runs.set(entry.run, { process: this.name, handler, key, attempt, from: at, to: this.to });
      } else if (entry.what === 'end')
        Object.assign(runs.get(entry.run)!, { to: entry.at, outcome: entry.outcome });
      else if (entry.what === 'aborted')
        runs.get(entry.run)!.aborted = { at: entry.at, reason: entry.reason };
    }
    return [...runs.values()];
  }

  private async entries(): Promise<TimedEntry[]> {
    const entries: TimedEntry[] = [];
    const lines = createInterface(createReadStream(this.setup.journal));
    for await (const line of lines) entries.push(JSON.parse(line) as TimedEntry);
    return entries;
  }
}

function madeIn(entries: readonly TimedEntry[]): string[] {
  return entries.flatMap((entry) => (entry.what === 'made' ? [entry.fault] : []));
}
