import autocannon from 'autocannon';
import { Body, Controller, HttpCode, Post } from '@nestjs/common';
import { plainToInstance } from 'class-transformer';
import { IsInt, IsString, IsUUID, validate } from 'class-validator';
import { createApplication, handlerOf } from '../harness/application.js';
import { now } from '../harness/clock.js';
import { atLeast } from '../harness/figures.js';
import { EventType } from '../harness/product.js';

const BATCH = 100;
const CONNECTIONS = 10;
const NAME = 'bench.Clicked';

class Clicked {}
IsUUID()(Clicked.prototype, 'dealId');
IsInt()(Clicked.prototype, 'position');
IsString()(Clicked.prototype, 'page');

export default {
  group: 'Recording',
  sizes: ({ quick, database }) => ({ events: quick ? 5000 : database === 'postgres' ? 60_000 : 20_000 }),
  note: `\nPosted as JSON in batches of ${BATCH} over ${CONNECTIONS} connections by another process, each event with a key of its own.`,
  needsOption: /http/,
  contenders: {
    route: { run: (context) => post(context, 'route') },
    door: { run: (context) => post(context, 'door') },
  },
  roles: { route, door },
  rows: [
    {
      id: 'route',
      title:
        'events per second posted over HTTP, validated and recorded, one matching handler, handled elsewhere',
      compared: 'recorded / by a Nest route that validates the same and only answers',
      of: 'door',
      to: 'route',
      metric: 'perSecond',
      unit: '/s',
      figures: atLeast(0.21, 0.23, 0.17),
    },
  ],
};

/** The load tool: this process. */
async function post(context, role) {
  const server = context.start(role);
  const url = await server.receive('listening');
  const total = context.sizes.events / BATCH;
  await load(url, bodies('warm-up', Math.ceil(total / 10)));
  const milliseconds = await load(url, bodies('measured', total));
  const perSecond = context.sizes.events / (milliseconds / 1000);
  const { recorded } = await server.end();
  const expected = context.sizes.events + Math.ceil(total / 10) * BATCH;
  if (recorded !== undefined && recorded !== expected)
    throw new Error(`Expected ${expected} events in the log, found ${recorded}.`);
  return { perSecond };
}

/** Posts each body once; how long that took, to the last answer: the tool itself ends up to a second later. */
async function load(url, bodies) {
  let next = 0;
  let last;
  const setupRequest = (request) => ({ ...request, body: bodies[next++ % bodies.length] });
  const tool = autocannon({
    url,
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    connections: Math.min(CONNECTIONS, bodies.length),
    amount: bodies.length,
    timeout: 60,
    requests: [{ setupRequest }],
  });
  const begin = now();
  tool.on('response', () => (last = now()));
  const { '2xx': answered, errors, non2xx } = await tool;
  if (answered === bodies.length && errors === 0 && non2xx === 0) return last - begin;
  throw new Error(
    `Expected ${bodies.length} answers 2xx, got ${answered}; ${non2xx} others, ${errors} errors.`,
  );
}

/** Made beforehand: the load tool is not to be what is measured. */
function bodies(run, count) {
  return Array.from({ length: count }, (_, batch) =>
    JSON.stringify(Array.from({ length: BATCH }, (_, index) => posted(run, batch * BATCH + index))),
  );
}

function posted(run, n) {
  const dealId = `0d7c2a52-8f4e-4c0a-9d63-${String(n).padStart(12, '0')}`;
  return { __event__: NAME, __key__: `${run}-${n}`, dealId, position: n % 100, page: '/deals/of-the-day' };
}

/** What the door does, but for recording. */
class Route {
  async take(events) {
    const results = [];
    for (const { __event__: name, __key__: key, ...data } of events) {
      const problems = await validate(plainToInstance(Clicked, data));
      if (problems.length > 0) throw problems;
      results.push({ key: `http:${name}:${key}`, recorded: true });
    }
    return { results };
  }
}
Body()(Route.prototype, 'take', 0);
const take = [Route.prototype, 'take', Object.getOwnPropertyDescriptor(Route.prototype, 'take')];
Post('event/log')(...take);
HttpCode(202)(...take);
Controller()(Route);

function route({ address, channel }) {
  return serve(channel, { address, controllers: [Route], options: false });
}

function door({ address, channel }) {
  EventType(NAME)(Clicked);
  const http = { allow: [NAME], rateLimit: false };
  const options = { dispatch: 'none', rescan: false, events: [Clicked], http };
  return serve(channel, { address, providers: [handlerOf(NAME, {}, () => undefined)], options });
}

async function serve(channel, setup) {
  const application = await createApplication(setup);
  const url = await application.listen();
  channel.send('listening', `${url}/event/log`);
  await channel.receive('end');
  const recorded = setup.options ? await eventCount(application) : undefined;
  await application.close();
  return { recorded };
}

async function eventCount({ dataSource }) {
  const [{ count }] = await dataSource.query('SELECT COUNT(*) AS count FROM once_event');
  return Number(count);
}
