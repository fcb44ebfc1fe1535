import type { FollowerStatus } from '../../followers/follower-status.js';
import type { ResetReport } from '../../followers/resets.js';
import { command } from '../command.js';
import { option, several } from '../values.js';
import { nameOf, verbosity } from './follower-options.js';

interface Options {
  dryRun?: true;
  force?: true;
  upstream?: string[];
  verbosity: number;
}

export const resetFollower = command<Options>({
  name: 'reset-follower',
  summary:
    'Forgets how far a follower has come, so that it handles the events anew. Without a name, lists followers.',
  details:
    'Its @OnReset method removes what it keeps, in the same transaction; a follower without one is refused unless it is declared ' +
    'stateless. What it collects when it handles the events again was recorded before, and is left out.',
  args: [['[follower]', 'the name of the follower']],
  options: [
    option('-n, --dry-run', 'tell what would be forgotten, and change nothing'),
    several('-u, --upstream <application>', 'forget this upstream application alone'),
    option('--force', 'also where nothing removes what the follower keeps'),
    verbosity('0: nothing, 1: what was forgotten, 2 and 3: how far it had come in each upstream'),
  ],
  examples: [
    'reset-follower',
    'reset-follower TrickCounter',
    'reset-follower TrickCounter -u TrainingSchool',
  ],
  destroys: ([follower], { force, dryRun }) =>
    force && !dryRun && follower !== undefined
      ? `This handles the events again although nothing removes what ${follower as string} made of them.`
      : undefined,
  async run({ args: [name], tools: { followers }, options, out }) {
    const { dryRun = false, force = false, upstream = [], verbosity: level } = options;
    if (name === undefined) {
      const all = await followers.list();
      return out.document(all, () => all.flatMap(tracked));
    }
    const reports: ResetReport[] = [];
    const scopes = upstream.length > 0 ? upstream.map((one) => ({ upstream: one })) : [{}];
    for (const scope of scopes)
      reports.push(await followers.reset(name as string, { ...scope, dryRun, force }));
    if (level > 0 || out.json)
      await out.document({ dryRun, resets: reports }, () =>
        reports.flatMap((report) => lines(report, { dryRun, level })),
      );
  },
});

/** What a follower tracks. */
function tracked({ name, upstreams }: FollowerStatus): string[] {
  return [name, ...upstreams.map(({ upstream, position }) => `  ${nameOf(upstream)}: position ${position}`)];
}

function lines(
  { name, upstreams, events }: ResetReport,
  { dryRun, level }: { dryRun: boolean; level: number },
): string[] {
  const done = dryRun ? 'would be forgotten' : 'is forgotten';
  return [
    `${name}: where it has come ${done}; ${events} events are handled again.`,
    ...(level > 1
      ? upstreams.map(({ upstream, position }) => `  ${nameOf(upstream)}: position ${position}`)
      : []),
  ];
}
