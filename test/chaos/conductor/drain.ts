import { setTimeout as wait } from 'node:timers/promises';
import { FOLLOWERS, PLANS, witnessOf } from '../app/plan.js';

/** Milliseconds without any progress after which what is still open counts as stuck. */
const PATIENCE = 40_000;
const LOOK = 250;

/**
 * Resolves when every event of the log has been handled, by this version of the first follower, or when nothing has gone on for long. Nothing waits for a retry
 * that long: the longest pause between two is a second.
 */
export async function drained(query: <T>(sql: string) => Promise<T[]>, version: number): Promise<void> {
  let progressAt = performance.now();
  let known = '';
  while (performance.now() - progressAt < PATIENCE) {
    const counts = await countsOf(query, version).catch(() => undefined);
    if (counts && counts.expected === counts.ended && counts.open === 0 && counts.unfollowed === 0) return;
    const seen = JSON.stringify(counts);
    if (counts && seen !== known) [known, progressAt] = [seen, performance.now()];
    await wait(LOOK);
  }
}

interface Counts {
  expected: number;
  ended: number;
  open: number;
  /** Rows that followers have still to write, and one more until the last version has taken its place. */
  unfollowed: number;
  /** Of what is open: whatever changes here is progress too. */
  tries: number;
}

async function countsOf(query: <T>(sql: string) => Promise<T[]>, version: number): Promise<Counts> {
  const groups = await query<{ name: string; count: unknown }>(
    'SELECT event_group AS name, count(*) AS count FROM once_event GROUP BY event_group',
  );
  const handlersOf = (group: string) =>
    Object.values(PLANS).filter((plan) => plan.groups.includes(group)).length;
  const expected = groups.reduce((sum, { name, count }) => sum + Number(count) * handlersOf(name), 0);
  const [finished] = await query<{ count: unknown }>('SELECT count(*) AS count FROM once_delivery_finished');
  const states = await query<{ state: unknown; count: unknown; tries: unknown }>(
    'SELECT state, count(*) AS count, sum(starts + rescues) AS tries FROM once_delivery GROUP BY state',
  );
  const dead = states.filter(({ state }) => Number(state) === 2);
  const open = states.filter(({ state }) => Number(state) < 2);
  const sum = (rows: readonly { count: unknown }[]) =>
    rows.reduce((total, { count }) => total + Number(count), 0);
  const [traces] = await query<{ count: unknown }>(
    `SELECT count(*) AS count FROM chaos_trace WHERE follower IN ('reader', '${witnessOf(version)}')`,
  );
  const [active] = await query<{ version: unknown }>(
    "SELECT version FROM once_follower_active WHERE name = 'witness'",
  );
  const followersOf = (group: string) =>
    Object.values(FOLLOWERS).filter(({ groups: followed }) => (followed as readonly string[]).includes(group))
      .length;
  const followed = groups.reduce((total, { name, count }) => total + Number(count) * followersOf(name), 0);
  return {
    expected,
    unfollowed: followed - Number(traces!.count) + (Number(active?.version) === version ? 0 : 1),
    ended: Number(finished!.count) + sum(dead),
    open: sum(open),
    tries: open.reduce((total, { tries }) => total + Number(tries), 0),
  };
}
