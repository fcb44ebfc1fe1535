import { handlerOf, startApplication } from '../harness/application.js';
import { now } from '../harness/clock.js';
import { Donation, DONATION_GROUP, donation, DonationEvents } from '../harness/donation.js';
import { workUntilEnd } from '../harness/draining.js';
import { atLeast } from '../harness/figures.js';

const WRITERS = 16;

export default {
  group: 'Recording',
  sizes: ({ quick, database }) => ({ seconds: quick ? 1.5 : database === 'postgres' ? 4 : 2 }),
  contenders: {
    alone: { run: (context) => produce(context) },
    handled: { run: produceAndHandle },
  },
  roles: { worker },
  rows: [
    {
      id: 'handled',
      title: 'saves per second by 16 writers of one process, every event matched by a handler',
      compared: 'while a worker process handles them / no worker',
      of: 'handled',
      to: 'alone',
      metric: 'perSecond',
      unit: '/s',
      figures: atLeast(0.55, 0.84, 0.51),
    },
  ],
};

const handler = (handle) => handlerOf(DONATION_GROUP, {}, handle);

async function produce({ address, sizes }) {
  const application = await startApplication({
    address,
    entities: [Donation],
    providers: [DonationEvents, handler(() => undefined)],
    poolSize: WRITERS,
    options: { dispatch: 'none', rescan: false },
  });
  const repository = application.dataSource.getRepository(Donation);
  const until = (end) => Promise.all(Array.from({ length: WRITERS }, () => saveUntil(repository, end)));
  await until(now() + 500);
  const begin = now();
  const saves = await until(begin + sizes.seconds * 1000);
  const perSecond = saves.reduce((sum, count) => sum + count, 0) / ((now() - begin) / 1000);
  await application.close();
  return { perSecond };
}

async function saveUntil(repository, end) {
  let count = 0;
  while (now() < end) await repository.save(donation(count++));
  return count;
}

async function produceAndHandle(context) {
  const child = context.start('worker');
  let handled = 0;
  child.on('handled', (count) => (handled += count));
  await child.receive('ready');
  child.send('go');
  await child.receive('begun');
  const { perSecond } = await produce(context);
  await child.end();
  if (handled === 0) throw new Error('Expected the worker to have handled something.');
  return { perSecond };
}

async function worker({ address, channel }) {
  return workUntilEnd(channel, async (handled) => {
    const application = await startApplication({
      address,
      entities: [Donation],
      providers: [handler(handled)],
      options: { rescan: false },
    });
    channel.send('begun');
    return () => application.close();
  });
}
