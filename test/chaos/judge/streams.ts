import { BESIDE_A_ROW, digestAfter } from '../app/plan.js';
import type { Evidence, StreamEvent } from './evidence.js';
import type { Verdict } from './verdict.js';

type StreamCounts = 'versionsWrong' | 'savesLost' | 'savesUncommitted' | 'statesWrong';

type StreamEvidence = Pick<Evidence, 'streams' | 'marked' | 'refused'>;

/** What must not have happened to aggregates. The streams are replayed here, and not by the library that is under test. */
export function judgeStreams(evidence: StreamEvidence): Pick<Verdict, StreamCounts> {
  const streams = [...byStream(evidence.streams.events)];
  return {
    versionsWrong: streams.flatMap(([stream, events]) => wrongVersions(stream, events)),
    savesLost: lostSaves(evidence),
    savesUncommitted: uncommittedSaves(evidence),
    statesWrong: wrongStates(streams, evidence.streams.snapshots),
  };
}

/** The events of each stream, by their versions. */
function byStream(events: readonly StreamEvent[]): Map<string, StreamEvent[]> {
  const streams = new Map<string, StreamEvent[]>();
  for (const event of [...events].sort((a, b) => a.version - b.version))
    streams.set(event.stream, [...(streams.get(event.stream) ?? []), event]);
  return streams;
}

/** They are 1, 2, 3 …, and the key says the same. */
function wrongVersions(stream: string, events: readonly StreamEvent[]): string[] {
  return events.flatMap(({ version, key }, index) =>
    version === index + 1 && key === `stream:${stream}:${version}`
      ? []
      : [`${stream}: expected version ${index + 1}, got ${version} with the key ${key}`],
  );
}

function lostSaves({ streams: { events, strokes }, marked }: StreamEvidence): string[] {
  const places = new Map<string, StreamEvent[]>();
  for (const event of events) places.set(event.mark, [...(places.get(event.mark) ?? []), event]);
  const isThere = (mark: string, is: (event: StreamEvent) => boolean) => places.get(mark)?.some(is) ?? false;
  const doubled = [...places].filter(([, found]) => found.length > 1);
  const rows = strokes.filter(({ mark, stream }) => !isThere(mark, (event) => event.stream === stream));
  const told = marked.filter(
    ({ mark, key, position }) =>
      !isThere(
        mark,
        (event) => event.key === (key ?? event.key) && event.position === (position ?? event.position),
      ),
  );
  return [
    ...doubled.map(([mark, found]) => `${mark} is there ${found.length} times`),
    ...rows.map(({ mark, stream }) => `${mark} has its row, and is not in ${stream}`),
    ...told.map(
      ({ mark, process, key = 'the log' }) => `${mark} was told of in ${process}, and is not in ${key}`,
    ),
  ];
}

function uncommittedSaves({ streams: { events, strokes }, refused }: StreamEvidence): string[] {
  const rows = new Set(strokes.map(({ mark }) => mark));
  const refusals = new Map(refused.map(({ mark, process }) => [mark, process]));
  return events.flatMap(({ mark, key }) => {
    if (mark.startsWith(BESIDE_A_ROW) && !rows.has(mark))
      return [`${key} has ${mark}, whose row was rolled back`];
    return refusals.has(mark) ? [`${key} has ${mark}, which was refused in ${refusals.get(mark)}`] : [];
  });
}

function wrongStates(
  streams: readonly (readonly [string, readonly StreamEvent[]])[],
  snapshots: Evidence['streams']['snapshots'],
): string[] {
  const wrong: string[] = [];
  const digests = new Map<string, number>();
  for (const [stream, events] of streams) {
    let digest = 0;
    for (const { version, mark, seen } of events) {
      if (seen !== digest)
        wrong.push(`version ${version} of ${stream} was decided on ${seen}, expected ${digest}`);
      digest = digestAfter(digest, mark);
      digests.set(`${stream} ${version}`, digest);
    }
  }
  for (const { stream, version, digest } of snapshots) {
    const expected = digests.get(`${stream} ${version}`);
    if (digest !== expected)
      wrong.push(`the snapshot of ${stream} at ${version} has ${digest}, expected ${expected ?? 'none'}`);
  }
  return wrong;
}
