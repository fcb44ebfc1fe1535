import type { FollowerRow } from '../store/followers/follower-rows.js';
import { type Trouble, troubleOf } from './logs/other-log.js';
import { isRebuilding } from './versions.js';

/** Why these followers do not go on, in words; undefined where they do. `troubleWith` tells what is wrong with a follower's log. */
export function hindrances(
  rows: readonly FollowerRow[],
  troubleWith: (name: string) => Trouble | undefined,
): string | undefined {
  const stopped = rows.filter(({ isStopped }) => isStopped).map(ofStopped);
  const unreadable = rows.flatMap(({ name }) => {
    const trouble = troubleWith(name);
    return trouble ? [`${name} waits since ${trouble.since.toISOString()}: ${troubleOf(trouble).error}`] : [];
  });
  return [...stopped, ...rows.flatMap(ofLeftBehind), ...unreadable].join('. ') || undefined;
}

function ofStopped({ name, failure }: FollowerRow): string {
  const [line] = (failure?.error ?? '').split('\n');
  return `${name} has stopped at position ${failure?.position}: ${line}`;
}

/** A version that was left, while nobody follows the active one: an earlier release was deployed again. */
function ofLeftBehind(row: FollowerRow): string[] {
  const { active, name, version } = row;
  if (!active || active.isOwned || isRebuilding(row)) return [];
  return [
    `${name}: version ${active.version} is the active one, and no process follows it. Version ${version} goes no further; ` +
      `followers.rebuild('${name}') puts it in that place`,
  ];
}
