import { createApplication, followerOf, handlerOf, startApplication } from '../harness/application.js';
import { now } from '../harness/clock.js';
import { latencies, productSender, starts } from './latency.js';

const PATTERN = /^bench/;

export default {
  group: 'Followers',
  databases: ['postgres'],
  sizes: ({ quick }) => ({ events: quick ? 40 : 300, warmUp: quick ? 10 : 2000 }),
  contenders: {
    'follower-same': { run: (context) => same(context, followerOf) },
    'follower-other': { run: (context) => other(context, 'follower') },
    'ordered-same': { run: (context) => same(context, orderedOf) },
    'ordered-other': { run: (context) => other(context, 'ordered') },
  },
  roles: {
    follower: (context) => role(context, followerOf),
    ordered: (context) => role(context, orderedOf),
  },
  rows: ['same', 'other'].flatMap((where) =>
    ['p50', 'p99'].map((metric) => ({
      id: `${where}-${metric}`,
      title: `idle, commit → handled, ${where === 'same' ? 'same' : 'another'} process, ${metric}`,
      compared: 'a follower / a handler with `ordered: true`, each event with an order key of its own',
      of: `follower-${where}`,
      to: `ordered-${where}`,
      metric,
      unit: 'ms',
      figure: { atMost: 1.5 },
    })),
  ),
};

function orderedOf(pattern, handle) {
  return handlerOf(pattern, { ordered: true }, handle);
}

async function same(context, providerOf) {
  const started = starts();
  const application = await startApplication({
    address: context.address,
    providers: [providerOf(PATTERN, () => started.at(now()))],
    options: { rescan: false },
  });
  const result = await latencies(context, started, sender(application));
  await application.close();
  return result;
}

async function other(context, name) {
  const started = starts();
  const worker = context.start(name);
  worker.on('started', started.at);
  await worker.receive('ready');
  const application = await startApplication({
    address: context.address,
    options: { dispatch: 'none', rescan: false },
  });
  const result = await latencies(context, started, sender(application));
  await application.close();
  await worker.end();
  return result;
}

async function role({ address, channel }, providerOf) {
  const provider = providerOf(PATTERN, () => channel.send('started', now()));
  const application = await createApplication({ address, providers: [provider], options: { rescan: false } });
  await application.init();
  channel.send('ready');
  await channel.receive('end');
  await application.close();
}

function sender(application) {
  return productSender(application, (n) => ({ orderKey: `bench_${n}` }));
}
