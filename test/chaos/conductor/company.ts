import { join } from 'node:path';
import type { TimedEntry } from '../app/journal.js';
import type { Evidence } from '../judge/evidence.js';
import type { ChaosDatabase } from '../servers/chaos-database.js';
import { ChaosProcess, type KnownOfProcess } from './chaos-process.js';

/** A process that is there all the time: whenever it ends another one takes its place. */
interface Post {
  role: 'produce' | 'work';
  poolSize: number;
  jumpingClock: boolean;
  handles: boolean;
  holder?: ChaosProcess;
}

export interface CompanyParts {
  database: ChaosDatabase;
  /** For journals. */
  folder: string;
  random: () => number;
  faults: readonly string[];
  workers: number;
  producers: number;
}

/** What is known of all processes once they have ended. */
interface Records extends Pick<
  Evidence,
  'processes' | 'runs' | 'told' | 'handed' | 'marked' | 'refused' | 'decided' | 'undecided'
> {
  logs: [string, TimedEntry][];
}

/** All processes of a run, those that have ended included. */
export class Company {
  readonly all: ChaosProcess[] = [];
  /** The version of the first follower that whoever starts now has. */
  version = 1;
  private named = 0;
  private readonly posts: Post[];
  private closing = new Set<Post['role']>();

  constructor(private readonly parts: CompanyParts) {
    const has = (fault: string) => parts.faults.includes(fault);
    const worker = (at: number): Post => ({
      role: 'work',
      poolSize: at === 1 && has('pool-of-one') ? 1 : 4,
      jumpingClock: at === Math.min(2, parts.workers - 1) && has('clock'),
      handles: true,
    });
    // The first handles its own events too, some of which it claims as it creates them; what the second records only others do.
    const producer = (at: number): Post => ({
      role: 'produce',
      poolSize: 4,
      jumpingClock: false,
      handles: at % 2 === 0,
    });
    this.posts = [
      ...Array.from({ length: parts.workers }, (_, at) => worker(at)),
      ...Array.from({ length: parts.producers }, (_, at) => producer(at)),
    ];
  }

  /** Resolves when all have started. The first makes the tables. */
  async start(): Promise<void> {
    await Promise.all(this.posts.map((post) => this.fill(post)));
    await Promise.all(this.posts.map(({ holder }) => holder!.ready));
  }

  /** Those that have started and that nobody has asked to end. */
  ready(role: Post['role']): ChaosProcess[] {
    return this.posts.flatMap(({ role: its, holder }) => (its === role && holder?.isReady ? [holder] : []));
  }

  /** Resolves when all have started that are there now, or have ended. */
  async settled(): Promise<void> {
    await Promise.all(this.posts.map(({ holder }) => holder!.ready));
  }

  /** Has every worker that has an earlier version replaced, one after the other, as a deployment does. */
  async renew(): Promise<void> {
    for (const post of this.posts.filter(({ role }) => role === 'work')) {
      const { holder } = post;
      await holder!.ready;
      if (holder!.version < this.version && !holder!.hasEnded) await holder!.terminate();
    }
  }

  /** Ends all of one role in order, for good. */
  async close(role: Post['role']): Promise<void> {
    this.closing.add(role);
    const holders = this.posts.flatMap((post) => (post.role === role && post.holder ? [post.holder] : []));
    // One that is just starting knows no signals yet.
    await Promise.all(holders.map(async (holder) => (await holder.ready, holder)));
    await Promise.all(holders.filter(({ hasEnded }) => !hasEnded).map((holder) => holder.terminate()));
  }

  /** Ends all, whatever they do. */
  async kill(): Promise<void> {
    this.closing.add('produce').add('work');
    await Promise.all(this.all.filter(({ hasEnded }) => !hasEnded).map((process) => process.kill()));
  }

  /** The faults that processes made themselves, or have, so far. */
  async made(): Promise<ReadonlySet<string>> {
    const known = await Promise.all(this.all.map((process) => process.made()));
    return new Set(known.flat());
  }

  async records(): Promise<Records> {
    const known: [string, KnownOfProcess][] = [];
    for (const process of this.all) known.push([process.name, await process.record()]);
    const each = known.map(([, its]) => its);
    return {
      processes: each.map(({ record }) => record),
      runs: each.flatMap(({ runs }) => runs),
      told: each.flatMap(({ told }) => told),
      handed: each.flatMap(({ handed }) => handed),
      marked: each.flatMap(({ marked }) => marked),
      refused: each.flatMap(({ refused }) => refused),
      decided: each.flatMap(({ decided }) => decided),
      undecided: each.flatMap(({ undecided }) => undecided),
      logs: known.flatMap(([name, { logs }]) => logs.map((entry): [string, TimedEntry] => [name, entry])),
    };
  }

  private async fill(post: Post): Promise<void> {
    const { database, folder, random, faults } = this.parts;
    const name = `${post.role === 'work' ? 'w' : 'p'}${++this.named}`;
    const seed = Math.floor(random() * 1e9);
    // Where the database is away, whoever looks after processes tries again.
    const address = await database.addressOf(name).catch(() => undefined);
    if (this.closing.has(post.role)) return;
    if (!address) return void setTimeout(() => void this.fill(post), 200);
    const { role, poolSize, jumpingClock, handles } = post;
    const journal = join(folder, `${name}.ndjson`);
    const { version } = this;
    const setup = { name, role, address, journal, seed, poolSize, version, jumpingClock, handles, faults };
    const process = new ChaosProcess(setup);
    this.all.push(process);
    post.holder = process;
    void process.ended.then(() => {
      if (!this.closing.has(role)) void this.fill(post);
    });
  }
}
