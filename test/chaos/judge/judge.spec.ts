import type { HandlerPlan } from '../app/plan.js';
import type { Evidence, ProcessRecord, Run } from './evidence.js';
import { judge } from './judge.js';
import { judgeRepeats } from './repeats.js';
import { type Count, totalOf } from './verdict.js';

const PLANS: Record<string, HandlerPlan> = {
  book: { groups: ['deed'], kind: 'transactional', ends: 'succeeded', ordered: true },
  notify: { groups: ['deed'], kind: 'plain', ends: 'succeeded' },
  doomed: { groups: ['doom'], kind: 'plain', ends: 'dead' },
};

const LEASE = 2000;

const worker = (changes: Partial<ProcessRecord> = {}): ProcessRecord => ({
  name: 'w1',
  role: 'work',
  from: 0,
  to: 60_000,
  sessionLimit: 5,
  readyAt: 10,
  asked: { signal: 'SIGTERM', at: 59_000 },
  code: 0,
  made: [],
  still: [],
  suspensions: [],
  leaseLosses: [],
  unhandled: [],
  ...changes,
});

const run = (changes: Partial<Run> = {}): Run => ({
  process: 'w1',
  handler: 'notify',
  key: 'deed_1',
  attempt: 1,
  from: 1000,
  to: 1010,
  outcome: 'ok',
  ...changes,
});

/** A run in which nothing went wrong: two ordered deeds and one that is doomed. */
const flawless: Evidence = {
  plans: PLANS,
  lease: LEASE,
  causes: [
    { key: 'deed_1', group: 'deed' },
    { key: 'deed_2', group: 'deed' },
    { key: 'doom_3', group: 'doom' },
  ],
  events: [
    { key: 'deed_1', group: 'deed', position: 1, orderKey: 'a' },
    { key: 'deed_2', group: 'deed', position: 2, orderKey: 'a' },
    { key: 'doom_3', group: 'doom', position: 3, orderKey: null },
  ],
  streams: { events: [], strokes: [], snapshots: [] },
  marked: [],
  refused: [],
  topics: [],
  traces: { version: 1, active: 1, groups: [], rows: [], collected: [] },
  decided: [],
  undecided: [],
  outcomes: [
    { handler: 'book', key: 'deed_1', state: 'succeeded', finishedAt: 1020 },
    { handler: 'notify', key: 'deed_1', state: 'succeeded', finishedAt: 1020 },
    { handler: 'book', key: 'deed_2', state: 'succeeded', finishedAt: 1120 },
    { handler: 'notify', key: 'deed_2', state: 'succeeded', finishedAt: 1120 },
    { handler: 'doomed', key: 'doom_3', state: 'dead' },
  ],
  effects: [
    { handler: 'book', key: 'deed_1' },
    { handler: 'book', key: 'deed_2' },
  ],
  balances: [],
  runs: [run(), run({ key: 'deed_2', from: 1100, to: 1110 })],
  told: [
    { process: 'w1', key: 'deed_1', position: 1 },
    { process: 'w1', key: 'deed_2', position: 2 },
  ],
  handed: [
    { process: 'w1', handler: 'book', key: 'deed_1', position: 1 },
    { process: 'w1', handler: 'notify', key: 'deed_1', position: 1 },
  ],
  processes: [worker()],
  outages: [],
  sessionExcesses: [],
  sessionsLeft: 0,
  troubles: [],
};

/** The counts that are not zero. */
const foundIn = (changes: Partial<Evidence>): Partial<Record<Count, number>> => {
  const found = Object.entries(judge({ ...flawless, ...changes })).filter(([, lines]) => lines.length > 0);
  return Object.fromEntries(found.map(([count, lines]) => [count, lines.length]));
};

const outcome = (handler: string, key: string, changes: object) =>
  flawless.outcomes.map((known) =>
    known.handler === handler && known.key === key ? { ...known, ...changes } : known,
  );

describe('the judge', () => {
  it('finds nothing where nothing went wrong', () => {
    expect(totalOf(judge(flawless))).toBe(0);
  });

  it('finds a cause without its event, and an event without its cause', () => {
    expect(foundIn({ causes: [...flawless.causes, { key: 'deed_4', group: 'deed' }] })).toEqual({
      eventsLost: 1,
    });
    expect(foundIn({ causes: flawless.causes.slice(1) })).toEqual({ eventsWithoutCause: 1 });
  });

  describe.each([
    ['that a stream told of', 'told', 'toldUnrecorded'],
    ['that a handler was given', 'handed', 'handledUnrecorded'],
  ] as const)('finds an event %s', (_, mentioned, count) => {
    const also = (key: string, position: number) => ({
      [mentioned]: [...flawless[mentioned], { process: 'w1', handler: 'notify', key, position }],
    });

    it('without its being in the log', () => {
      expect(foundIn(also('deed_4', 4))).toEqual({ [count]: 1 });
    });

    it('before it rolled back and was recorded at another position', () => {
      expect(foundIn(also('deed_2', 1.5))).toEqual({ [count]: 1 });
    });

    it('before it rolled back and another was recorded at its position', () => {
      expect(foundIn(also('deed_4', 2))).toEqual({ [count]: 1 });
    });
  });

  it.each([
    ['that never was', flawless.outcomes.slice(0, 3).concat(flawless.outcomes[4]!)],
    ['that died without being meant to', outcome('notify', 'deed_1', { state: 'dead' })],
    ['that succeeded without being meant to', outcome('doomed', 'doom_3', { state: 'succeeded' })],
    ['that somebody cancelled', outcome('notify', 'deed_1', { state: 'cancelled' })],
  ])('finds a delivery %s', (_, outcomes) => {
    expect(foundIn({ outcomes })).toEqual({ deliveriesLost: 1 });
  });

  it.each(['pending', 'running'])('finds a delivery that is still %s', (state) => {
    expect(foundIn({ outcomes: outcome('notify', 'deed_1', { state }) })).toEqual({ deliveriesStuck: 1 });
  });

  it('finds an effect that is there twice, missing, left by a failed attempt, or of an event that rolled back', () => {
    const [first, second] = flawless.effects;
    expect(foundIn({ effects: [first!, first!, second!] })).toEqual({ wrongEffects: 1 });
    expect(foundIn({ effects: [first!] })).toEqual({ wrongEffects: 1 });
    expect(foundIn({ effects: [first!, second!, { handler: 'book', key: 'deed_9' }] })).toEqual({
      wrongEffects: 1,
    });
    const open = outcome('book', 'deed_2', { state: 'pending' });
    expect(foundIn({ outcomes: open })).toEqual({ wrongEffects: 1, deliveriesStuck: 1 });
  });

  it('finds an update that was lost', () => {
    const effects = [...flawless.effects, { handler: 'rival', key: 'deed_1' }];
    const plans = { ...PLANS, rival: PLANS.book! };
    expect(foundIn({ plans, effects, balances: [1, 0] })).toMatchObject({ wrongBalances: 1 });
  });

  it('finds an order key whose events were handled out of order, and leaves others alone', () => {
    const effects = [...flawless.effects].reverse();
    expect(foundIn({ effects })).toEqual({ orderViolations: 1 });
    const apart = flawless.events.map((event) => ({ ...event, orderKey: event.key }));
    expect(foundIn({ effects, events: apart })).toEqual({});
  });

  it('finds connections that were left or too many', () => {
    expect(foundIn({ sessionsLeft: 2 })).toEqual({ connectionsLeaked: 1 });
    const excess = { process: 'w1', count: 9, from: 0, to: 4000 };
    expect(foundIn({ sessionExcesses: [excess] })).toEqual({ connectionsLeaked: 1 });
  });

  it('finds unhandled rejections, and what the conductor could not do', () => {
    expect(foundIn({ processes: [worker({ unhandled: ['Error: …'] })] })).toEqual({ unhandled: 1 });
    expect(foundIn({ troubles: ['restart: …'] })).toEqual({ troubles: 1 });
  });

  it.each([
    ['ended with another code than 0', { code: 1 }],
    ['was ended by the signal', { code: null }],
    ['ended by itself', { asked: undefined }],
    ['did not end in time', { overdue: true }],
    ['could not start although the database was there', { asked: undefined, readyAt: undefined, code: 75 }],
  ])('finds a process that %s', (_, changes) => {
    expect(foundIn({ processes: [worker(changes)] })).toEqual({ badExits: 1 });
  });

  it('lets a process be killed, and not start where the database is away', () => {
    const killed = worker({ asked: { signal: 'SIGKILL', at: 50_000 }, code: null });
    const notStarted = worker({ name: 'w2', asked: undefined, readyAt: undefined, code: 75 });
    expect(foundIn({ processes: [killed, notStarted], outages: [{ from: 100, to: 200 }] })).toEqual({});
  });

  it('finds a lease that was lost for no reason', () => {
    expect(foundIn({ processes: [worker({ leaseLosses: [30_000] })] })).toEqual({
      leasesLostWithoutCause: 1,
    });
    const still = [{ from: 27_000, to: 29_900 }];
    expect(foundIn({ processes: [worker({ leaseLosses: [30_000], still })] })).toEqual({});
    expect(foundIn({ processes: [worker({ leaseLosses: [30_000] })], outages: still })).toEqual({});
  });

  it('lets a process hear seconds after an outage that its lease was lost, and not long after it', () => {
    const lost = [worker({ leaseLosses: [30_000] })];
    const outage = (to: number) => [{ from: to - 5000, to }];
    expect(foundIn({ processes: lost, outages: outage(30_000 - 4.9 * LEASE) })).toEqual({});
    expect(foundIn({ processes: lost, outages: outage(30_000 - 5.1 * LEASE) })).toEqual({
      leasesLostWithoutCause: 1,
    });
  });
});

describe('a repeat of a plain handler', () => {
  const later = run({ process: 'w2', attempt: 2, from: 5000, to: 5010 });
  const finishedLate = outcome('notify', 'deed_1', { finishedAt: 5020 });
  const repeated = (earlier: Partial<Run>, changes: Partial<Evidence> = {}, itsLater: Partial<Run> = {}) =>
    judgeRepeats({
      ...flawless,
      outcomes: finishedLate,
      processes: [worker(), worker({ name: 'w2' })],
      runs: [run(earlier), { ...later, ...itsLater }],
      ...changes,
    });

  it('is found where nothing excuses it', () => {
    expect(repeated({}).illegitimate).toHaveLength(1);
  });

  it('is found where the earlier start failed only after it', () => {
    expect(repeated({ outcome: 'failed', to: 5005 }).illegitimate).toHaveLength(1);
    expect(repeated({ outcome: 'failed' }).illegitimate).toEqual([]);
  });

  it('is found once success is committed, whatever else happened', () => {
    const outages = [{ from: 900, to: 4900 }];
    expect(repeated({}, { outages, outcomes: flawless.outcomes }).illegitimate).toHaveLength(1);
  });

  it('is excused by the death of the earlier process, not by that of another', () => {
    const killed = { asked: { signal: 'SIGKILL' as const, at: 1005 }, to: 1006, code: null };
    const died = repeated({ outcome: undefined }, { processes: [worker(killed), worker({ name: 'w2' })] });
    expect(died.excused).toMatchObject({ 'its process died': 1 });
    const another = repeated(
      { outcome: undefined },
      { processes: [worker(), worker({ name: 'w3', ...killed })] },
    );
    expect(another.illegitimate).toHaveLength(1);
  });

  it('is excused by shutdown only where that cut this very run off', () => {
    const aborted = { at: 4000, reason: 'ShutdownError' };
    const processes = [worker({ asked: { signal: 'SIGTERM', at: 1005 } }), worker({ name: 'w2' })];
    expect(repeated({ outcome: undefined, aborted }, { processes }).excused).toMatchObject({
      'its process was shut down': 1,
    });
    expect(repeated({}, { processes }).illegitimate).toHaveLength(1);
    const [inOrder, other] = [
      worker({ asked: { signal: 'SIGTERM', at: 1005 }, to: 1500 }),
      worker({ name: 'w2' }),
    ];
    expect(repeated({}, { processes: [inOrder, other] }).illegitimate).toHaveLength(1);
    expect(repeated({}, { processes: [{ ...inOrder, code: 1 }, other] }).illegitimate).toEqual([]);
  });

  it('is excused by its process having been suspended right before its start, and only there', () => {
    const suspended = (began: number | undefined, from = 2000) => ({
      processes: [worker({}), worker({ name: 'w2', suspensions: [{ from, to: 4999, began }] })],
    });
    expect(repeated({}, suspended(5000)).illegitimate).toEqual([]);
    expect(repeated({}, suspended(5000)).excused).toMatchObject({
      'its process was suspended between the check of its lease and its first instruction': 1,
    });
    expect(repeated({}, suspended(undefined)).illegitimate).toHaveLength(1);
    expect(repeated({}, suspended(5001)).illegitimate).toHaveLength(1);
    expect(repeated({}, suspended(5000, 4000)).illegitimate).toHaveLength(1);
  });

  it('is excused by its process standing still for as long as the lease allows, between the two starts', () => {
    const still = (from: number, to: number) => ({
      processes: [worker({ still: [{ from, to }] }), worker({ name: 'w2' })],
    });
    expect(repeated({}, still(1005, 3500)).illegitimate).toEqual([]);
    expect(repeated({}, still(1005, 2000)).illegitimate).toHaveLength(1);
    expect(repeated({}, still(5500, 8500)).illegitimate).toHaveLength(1);
  });

  it('is excused by the loss of its lease only where that has a cause', () => {
    const lost = { leaseLosses: [4000] };
    const starved = [1, 2, 3].map((at) => ({ from: 1000 * at, to: 1000 * at + 300 }));
    const processes = (changes: object) => [worker({ ...lost, ...changes }), worker({ name: 'w2' })];
    expect(repeated({}, { processes: processes({ still: starved }) }).illegitimate).toEqual([]);
    expect(repeated({}, { processes: processes({}) }).illegitimate).toHaveLength(1);
  });

  it('is excused by an outage between the two starts, not by an earlier one', () => {
    expect(repeated({}, { outages: [{ from: 2000, to: 2100 }] }).illegitimate).toEqual([]);
    expect(repeated({}, { outages: [{ from: 500, to: 900 }] }).illegitimate).toHaveLength(1);
  });

  it('is judged from each start to the next', () => {
    const { illegitimate, excused } = judgeRepeats({
      ...flawless,
      outcomes: finishedLate,
      runs: [run({ outcome: 'failed' }), run({ attempt: 2, from: 2000, to: 2010 }), later],
    });
    expect(illegitimate).toHaveLength(1);
    expect(excused).toMatchObject({ 'the earlier start failed': 1 });
  });
});
