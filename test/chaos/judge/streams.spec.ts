import { digestAfter } from '../app/plan.js';
import type { Evidence, StreamEvent } from './evidence.js';
import { judgeStreams } from './streams.js';

const STREAM = 'default:t0';

/** The events that these marks make, each decided on what was there. */
function streamOf(...marks: string[]): StreamEvent[] {
  let digest = 0;
  return marks.map((mark, index) => {
    const version = index + 1;
    const seen = digest;
    digest = digestAfter(digest, mark);
    return { stream: STREAM, version, key: `stream:${STREAM}:${version}`, position: 10 + index, mark, seen };
  });
}

const digestOf = (...marks: string[]) => marks.reduce(digestAfter, 0);

/** A mark that a save told of, one beside a row, and one more that nobody knows of: its process was killed. */
const events = streamOf('a', 'row_b', 'c');
const flawless = {
  streams: {
    events,
    strokes: [{ mark: 'row_b', stream: STREAM }],
    snapshots: [{ stream: STREAM, version: 2, digest: digestOf('a', 'row_b') }],
  },
  marked: [{ process: 'p1', mark: 'a', key: `stream:${STREAM}:1`, position: 10 }],
  refused: [{ process: 'p1', mark: 'd' }],
};

type Changes = Partial<Evidence['streams']> & Partial<Pick<Evidence, 'marked' | 'refused'>>;

/** How much of what was found. */
function foundIn({ marked = flawless.marked, refused = flawless.refused, ...streams }: Changes): object {
  const verdict = judgeStreams({ streams: { ...flawless.streams, ...streams }, marked, refused });
  const found = Object.entries(verdict).filter(([, lines]) => lines.length > 0);
  return Object.fromEntries(found.map(([count, lines]) => [count, lines.length]));
}

describe('the judge of aggregates', () => {
  it('finds nothing where nothing went wrong', () => {
    expect(foundIn({})).toEqual({});
  });

  it('finds a version that is missing, and one that is there twice', () => {
    expect(foundIn({ events: [events[0]!, events[1]!, { ...events[2]!, version: 4 }] })).toMatchObject({
      versionsWrong: 1,
    });
    const twice = { ...events[2]!, mark: 'e' };
    expect(foundIn({ events: [...events, twice] })).toMatchObject({ versionsWrong: 1 });
  });

  it('finds an event whose key says another version than its row', () => {
    const [first, second] = events;
    expect(foundIn({ events: [first!, second!, { ...events[2]!, key: first!.key }] })).toEqual({
      versionsWrong: 1,
    });
  });

  it('finds a mark that a save told of and that is not in the log, or elsewhere than it was told', () => {
    const marked = (changes: object) => ({
      marked: [...flawless.marked, { process: 'p1', mark: 'd', ...changes }],
    });
    expect(foundIn({ ...marked({}), refused: [] })).toEqual({ savesLost: 1 });
    expect(foundIn(marked({ mark: 'c' }))).toEqual({});
    expect(foundIn(marked({ mark: 'c', key: events[1]!.key, position: 11 }))).toEqual({ savesLost: 1 });
    expect(foundIn(marked({ mark: 'c', key: events[2]!.key, position: 11 }))).toEqual({ savesLost: 1 });
  });

  it('finds a mark whose row was committed and that is not in its stream', () => {
    const strokes = flawless.streams.strokes;
    expect(foundIn({ strokes: [...strokes, { mark: 'row_e', stream: STREAM }] })).toEqual({ savesLost: 1 });
    expect(foundIn({ strokes: [{ mark: 'row_b', stream: 'default:t1' }] })).toEqual({ savesLost: 1 });
  });

  it('finds a mark that is there twice', () => {
    expect(foundIn({ events: streamOf('a', 'row_b', 'c', 'a') })).toEqual({ savesLost: 1 });
  });

  it('finds a mark whose row was rolled back, and one that was refused', () => {
    expect(foundIn({ strokes: [] })).toEqual({ savesUncommitted: 1 });
    expect(foundIn({ refused: [{ process: 'p1', mark: 'c' }] })).toEqual({ savesUncommitted: 1 });
  });

  it('finds a save that was decided on another state than the one before it', () => {
    const [first, second, third] = events;
    expect(foundIn({ events: [first!, second!, { ...third!, seen: second!.seen }] })).toEqual({
      statesWrong: 1,
    });
  });

  it('finds a snapshot that no replay gives, and one of a version that is not there', () => {
    const [snapshot] = flawless.streams.snapshots;
    expect(foundIn({ snapshots: [{ ...snapshot!, digest: 1 }] })).toEqual({ statesWrong: 1 });
    expect(foundIn({ snapshots: [{ ...snapshot!, version: 9 }] })).toEqual({ statesWrong: 1 });
  });
});
