import { startApplication } from '../harness/application.js';
import { now } from '../harness/clock.js';
import { countOf } from '../harness/tables.js';

const AT_ONCE = 10;
const DECIDERS = 4;
/** Milliseconds for which a plain writer holds its transaction open. */
const HELD = 3;
/** Decisions that are made over the same two tags, one after another. */
const EACH = 4;

const HOT = ['course:hot', 'student:hot'];

export default {
  group: 'Decisions',
  databases: ['postgres'],
  sizes: ({ quick }) => ({
    decisions: quick ? 200 : 3000,
    warmUp: quick ? 100 : 2000,
    seconds: quick ? 1 : 4,
  }),
  contenders: {
    decide: { run: (context) => time(context, decideOver) },
    append: { run: (context) => time(context, appendWith) },
    'writers-alone': { run: (context) => timeHot(context, 0) },
    'writers-and-deciders': { run: (context) => timeHot(context, DECIDERS) },
  },
  rows: [
    {
      id: 'distinct',
      title: `a decision over two tags and its event, ten at a time on distinct tags`,
      compared: '`log.decide()` / `log.append()` of the same event without a condition',
      of: 'decide',
      to: 'append',
      metric: 'perSecond',
      unit: '/s',
      figure: { atLeast: 0.6 },
    },
    {
      id: 'hot',
      title: `decisions over two hot tags, ${DECIDERS} at a time, beside ten plain writers of both tags that hold their transactions for ${HELD} ms`,
      compared: '`log.decide()` alone: a rate',
      of: 'writers-and-deciders',
      metric: 'decisionsPerSecond',
      unit: '/s',
      figure: { atLeast: 50 },
    },
    {
      id: 'hot-writers',
      title: `ten plain writers of two hot tags that hold their transactions for ${HELD} ms`,
      compared: `beside ${DECIDERS} deciders over both tags / alone`,
      of: 'writers-and-deciders',
      to: 'writers-alone',
      metric: 'writesPerSecond',
      unit: '/s',
      figure: { atLeast: 0.5 },
    },
  ],
};

function start({ address }) {
  return startApplication({
    address,
    poolSize: AT_ONCE + DECIDERS,
    options: { dispatch: 'none', rescan: false },
  });
}

/** `EACH` of them have the same tags, so that there is something to decide on. */
function tagsOf(number) {
  const pair = Math.floor(number / EACH);
  return [`course:${pair}`, `student:${pair}`];
}

function eventOf(number, tags, group = 'enrolled') {
  return { group, key: `${group}_${number}`, tags, data: { number } };
}

async function decideOver(log, number) {
  const tags = tagsOf(number);
  const query = tags.map((tag) => ({ tags: [tag], groups: ['enrolled'] }));
  const recorded = await log.decide(query, (events) => {
    if (events.length !== number % EACH)
      throw new Error(`Expected ${number % EACH} events, got ${events.length}.`);
    return eventOf(number, tags);
  });
  if (recorded.length !== 1) throw new Error('Expected the event to be recorded.');
}

function appendWith(log, number) {
  return log.append(eventOf(number, tagsOf(number)));
}

async function time(context, work) {
  const { decisions, warmUp } = context.sizes;
  const { log, dataSource, close } = await start(context);
  await tenAtOnce(0, warmUp, (number) => work(log, number));
  const begin = now();
  await tenAtOnce(warmUp, decisions, (number) => work(log, number));
  const seconds = (now() - begin) / 1000;
  await assertRecorded(dataSource, warmUp + decisions);
  await close();
  return { perSecond: decisions / seconds };
}

/** Those of the same tags one after the other. */
async function tenAtOnce(from, count, work) {
  let next = from;
  const worker = async () => {
    for (;;) {
      const first = next;
      next += EACH;
      if (first >= from + count) return;
      for (let number = first; number < Math.min(first + EACH, from + count); number++) await work(number);
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, worker));
}

async function timeHot(context, deciders) {
  const { log, dataSource, close } = await start(context);
  const counts = { writes: 0, decisions: 0 };
  let end = now() + 500;
  const until = () =>
    Promise.all([
      ...Array.from({ length: AT_ONCE }, () => writeUntil(() => now() < end, dataSource, log, counts)),
      ...Array.from({ length: deciders }, () => decideUntil(() => now() < end, log, counts)),
    ]);
  await until();
  const before = { ...counts };
  const begin = now();
  end = begin + context.sizes.seconds * 1000;
  await until();
  const seconds = (now() - begin) / 1000;
  await assertRecorded(dataSource, counts.writes + counts.decisions);
  await close();
  return {
    writesPerSecond: (counts.writes - before.writes) / seconds,
    decisionsPerSecond: (counts.decisions - before.decisions) / seconds,
  };
}

async function writeUntil(goesOn, dataSource, log, counts) {
  while (goesOn()) {
    const number = counts.writes++;
    await dataSource.transaction(async (manager) => {
      await log.append(eventOf(number, HOT, 'visited'), { manager });
      await new Promise((resolve) => setTimeout(resolve, HELD));
    });
  }
}

/** What it is decided on are the last decisions alone, so that each reads as much as the one before. */
async function decideUntil(goesOn, log, counts) {
  while (goesOn()) {
    const number = counts.decisions++;
    const group = `enrolled in ${Math.floor(number / 20)}`;
    const query = HOT.map((tag) => ({ tags: [tag], groups: [group] }));
    await log.decide(query, () => eventOf(number, HOT, group), { attempts: 100 });
  }
}

async function assertRecorded(dataSource, expected) {
  const count = await countOf(dataSource, 'once_event');
  if (count !== expected) throw new Error(`Expected ${expected} events, found ${count}.`);
}
