import type { FollowerStatus } from '../../followers/follower-status.js';
import { command } from '../command.js';
import { table } from '../table.js';

export const followersList = command({
  name: 'followers list',
  summary: 'Lists the followers of all processes: how far each has come, and what keeps it.',
  examples: ['followers list', 'followers list --json'],
  async run({ tools: { followers }, out }) {
    const all = await followers.list();
    await out.document(all, () => table(FOLLOWER_HEADS, all.map(followerCells)));
  },
});

export const FOLLOWER_HEADS = [
  'follower',
  'version',
  'state',
  'position',
  'lag',
  'seconds',
  'parked',
  'skipped',
  'from',
  'failure',
];

export function followerCells(one: FollowerStatus): unknown[] {
  return [
    one.name,
    one.version,
    one.state,
    one.position,
    one.lag,
    Math.round(one.lagSeconds),
    one.parked,
    one.skipped,
    one.from,
    one.failure
      ? `${one.failure.position}: ${one.failure.error.split('\n')[0]}`
      : (one.unreadable?.error ?? one.rebuild?.heldUpBy),
  ];
}
