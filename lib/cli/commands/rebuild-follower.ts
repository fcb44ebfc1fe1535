import type { RebuildReport } from '../../followers/rebuilds.js';
import { command } from '../command.js';
import { CommandInterruptedError } from '../errors.js';
import { option } from '../values.js';

export const rebuildFollower = command<{ dryRun?: true; force?: true }>({
  name: 'rebuild-follower',
  summary:
    'Brings the version of a follower that this code has as far as the active one, and puts it in its place.',
  details:
    'For a new version, which readers see as soon as it has caught up, and for going back to an earlier one. The version that is active ' +
    'goes on meanwhile, where processes have it. A rebuild that was ended goes on where it stopped.',
  args: [['<follower>', 'the name of the follower']],
  options: [
    option('-n, --dry-run', 'tell what would be done, and change nothing'),
    option('--force', 'also where the active version keeps events back that failed'),
  ],
  examples: ['rebuild-follower -n TrickCounter', 'rebuild-follower TrickCounter'],
  destroys: ([follower], { force, dryRun }) =>
    force && !dryRun
      ? `What the active version of ${follower as string} has not collected for events that it keeps back is left out.`
      : undefined,
  async run({ args: [name], tools: { followers }, options, out, signal }) {
    const { dryRun = false, force = false } = options;
    const report = await followers.rebuild(name as string, {
      ...{ dryRun, force, signal },
      onProgress: ({ position, until, events }) =>
        out.progress.show(
          `${name as string}: position ${position} of ${until}, ${events} events`,
          part(position, until),
        ),
    });
    await out.document({ dryRun, ...report }, () => [line(report, dryRun)]);
    if (report.interrupted)
      throw new CommandInterruptedError(
        `Ended: version ${report.activeVersion} stays the active one. The next run goes on where this one stopped.`,
      );
  },
});

function part(position: number, until: number): number {
  return until === 0 ? 1 : Math.min(1, position / until);
}

function line(
  { name, version, activeVersion, from, until, events, interrupted }: RebuildReport,
  dryRun: boolean,
): string {
  if (interrupted)
    return `${name}: version ${version} handled ${events} events, and has to come to position ${until}.`;
  if (dryRun && activeVersion !== version)
    return `${name}: version ${version} would handle ${events} events, from position ${from} to ${until}, and take the place of version ${activeVersion}.`;
  if (events === 0 && from === until) return `${name}: version ${version} is the active one.`;
  return `${name}: version ${version} handled ${events} events up to position ${until}, and is the active one.`;
}
