import { witnessOf } from '../app/plan.js';
import type { Evidence } from './evidence.js';
import type { Verdict } from './verdict.js';

type TraceCounts = 'followedWrong' | 'followedOutOfOrder' | 'collectedWrong';

type TraceEvidence = Pick<Evidence, 'events' | 'traces'>;

/**
 * What must not have happened to followers: they handle every event once, in log order, and record what they collect once,
 * whatever versions there were of them; a version that was left has stopped somewhere, and has done the same up to there.
 */
export function judgeTraces({ events, traces }: TraceEvidence): Pick<Verdict, TraceCounts> {
  const followed = events.filter(({ group }) => traces.groups.includes(group)).map(({ key }) => key);
  const entries = events.filter(({ group }) => group === 'entry').map(({ key }) => key);
  const kept = traces.collected.map(({ of }) => of);
  const rowsOf = (name: string) =>
    traces.rows.filter(({ follower }) => follower === name).map(({ key }) => key);
  const wholly: [string, string[], string[]][] = [
    [witnessOf(traces.version), followed, rowsOf(witnessOf(traces.version))],
    ['reader', kept, rowsOf('reader')],
  ];
  for (let left = 1; left < traces.version; left++) {
    const rows = rowsOf(witnessOf(left));
    const reached = rows.reduce((last, key) => Math.max(last, followed.indexOf(key)), -1);
    wholly.push([witnessOf(left), followed.slice(0, reached + 1), rows]);
  }
  const isActive = traces.active === traces.version;
  const notActive = `witness: version ${traces.active} is the active one, expected ${traces.version}`;
  return {
    followedWrong: [...wholly.flatMap((each) => notOnce(...each)), ...(isActive ? [] : [notActive])],
    followedOutOfOrder: wholly.flatMap((each) => outOfOrder(...each)),
    collectedWrong: [
      ...notOnce('what was collected', entries, kept),
      ...outOfOrder('what was collected', entries, kept),
    ],
  };
}

function notOnce(who: string, expected: readonly string[], found: readonly string[]): string[] {
  const counts = new Map<string, number>();
  for (const key of found) counts.set(key, (counts.get(key) ?? 0) + 1);
  const wrong = expected.filter((key) => counts.get(key) !== 1);
  const known = new Set(expected);
  const foreign = [...counts.keys()].filter((key) => !known.has(key));
  return [
    ...wrong.map((key) => `${who}: ${key} ${counts.get(key) ?? 0} times`),
    ...foreign.map((key) => `${who}: ${key}, which is not to be there`),
  ];
}

function outOfOrder(who: string, expected: readonly string[], found: readonly string[]): string[] {
  const places = new Map(expected.map((key, place) => [key, place]));
  let last = -1;
  return found.flatMap((key) => {
    const place = places.get(key);
    if (place === undefined) return [];
    const isBehind = place < last;
    last = Math.max(last, place);
    return isBehind ? [`${who}: ${key} after ${expected[last]}`] : [];
  });
}
