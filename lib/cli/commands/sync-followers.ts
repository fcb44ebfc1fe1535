import { errorLine } from '../../core/error-text.js';
import type { SyncProgress, SyncReport } from '../../followers/syncs.js';
import { upstreamOf } from '../../followers/upstreams.js';
import { command } from '../command.js';
import { CommandFailedError } from '../errors.js';
import { option } from '../values.js';
import { countsOf, verbosity } from './follower-options.js';

export const syncFollowers = command<{ dryRun?: true; verbosity: number }>({
  name: 'sync-followers',
  summary: 'Has followers handle everything that is in the log by now.',
  details:
    'Each has its own chance and its own transactions: one that fails neither holds up nor undoes another. A dry run handles ' +
    'everything too, and rolls it back; what followers did outside of the database is not rolled back.',
  args: [['[follower...]', 'names of followers (default: all)']],
  options: [
    option('-n, --dry-run', 'handle everything, and roll it back'),
    verbosity('0: nothing, 1: a line for each follower, 2: counts for each application, 3: every event'),
  ],
  examples: ['sync-followers', 'sync-followers -n -v 2 TrickCounter'],
  async run({ args: [names], tools: { followers }, options: { dryRun = false, verbosity: level }, out }) {
    const selected = names as string[];
    const lines = new SyncLines(out.json ? 0 : level, (text) => void out.write(text));
    const reports = await followers.sync({
      ...(selected.length > 0 ? { names: selected } : {}),
      dryRun,
      onProgress: (progress) => lines.tell(progress),
    });
    if (out.json) await out.document({ dryRun, followers: reports.map(asDocument) }, () => []);
    if (dryRun && level > 0)
      out.say('A dry run: all of it was rolled back, but for what followers did outside of the database.');
    const failed = reports.filter(({ error }) => error !== undefined);
    if (failed.length === 0) return;
    for (const { name, error } of failed) out.say(`${name}: ${errorLine(error)}`);
    throw new CommandFailedError(
      `${failed.length} of ${reports.length} followers failed: ${failed.map(({ name }) => name).join(', ')}. Mend what the messages say, ` +
        'and sync them again; or leave the event out: followers skip <follower> <position>.',
    );
  },
});

/** What is told of a sync while it runs. */
class SyncLines {
  private counts = new Map<string, number>();

  constructor(
    private readonly level: number,
    private readonly write: (text: string) => void,
  ) {}

  tell(progress: SyncProgress): void {
    if (this.level === 0) return;
    if (progress.type === 'started') this.started(progress);
    else if (progress.type === 'event') this.event(progress);
    else this.ended(progress);
  }

  private started({ name, index, total }: SyncProgress & { type: 'started' }): void {
    this.counts = new Map();
    this.write(`[${index}/${total}] Synchronizing ${name}...${this.level > 2 ? '\n' : ''}`);
  }

  private event({ event }: SyncProgress & { type: 'event' }): void {
    const application = upstreamOf(event);
    this.counts.set(application, (this.counts.get(application) ?? 0) + 1);
    if (this.level > 2) this.write(`  ${event.position} ${event.group} ${event.key}\n`);
  }

  private ended({ report: { error } }: SyncProgress & { type: 'ended' }): void {
    this.write(`${this.level > 2 ? '  ' : ' '}${error === undefined ? 'OK' : 'FAILED'}\n`);
    if (this.level > 1) for (const line of countsOf(this.counts)) this.write(`  ${line}\n`);
  }
}

function asDocument({ name, events, error }: SyncReport): object {
  return { name, events, ...(error === undefined ? {} : { error: errorLine(error) }) };
}
