import { setTimeout as sleep } from 'node:timers/promises';
import { createApplication, handlerOf } from './application.js';
import { now } from './clock.js';

/** Milliseconds between a worker's reports of how much it has handled. */
const REPORT_EVERY = 10;

/** Between looks whether what was handled is also acknowledged. */
const LOOK_EVERY = 2;

/**
 * The life of a worker process in a role: gets ready, waits for `go`, works and reports until it is told to end.
 *
 * @param begin starts working; calls the function that it is given for each run of a handler
 * @returns what `begin` gave to stop it
 */
export async function workUntilEnd(channel, begin) {
  let handled = 0;
  let reported = 0;
  channel.send('ready');
  await channel.receive('go');
  const timer = setInterval(() => {
    if (handled > reported) channel.send('handled', handled - reported);
    reported = handled;
  }, REPORT_EVERY);
  const stop = await begin(() => void handled++);
  await channel.receive('end');
  clearInterval(timer);
  await stop();
  return {};
}

/**
 * A role: a process with the product's worker and one handler named `bench` that does nothing but count. Its pattern is
 * that under which the events were recorded: with another one, all of them would be matched anew beside the measurement.
 */
export async function productWorker({ address, channel, worker, handlerOptions = {} }) {
  let count;
  const handler = handlerOf(/^bench/, handlerOptions, () => count());
  const application = await createApplication({
    address,
    providers: [handler],
    options: { rescan: false, worker },
  });
  return workUntilEnd(channel, async (handled) => {
    count = handled;
    await application.init();
    return () => application.close();
  });
}

/**
 * Lets workers that are ready begin together. Seconds from there until all is handled and, as `isDrained` tells, also
 * acknowledged.
 *
 * @param workers children in a role made of `workUntilEnd`
 */
export async function secondsToDrain(workers, total, isDrained) {
  await Promise.all(workers.map((worker) => worker.receive('ready')));
  const handled = allHandled(workers, total);
  const begin = now();
  for (const worker of workers) worker.send('go');
  await handled;
  while (!(await isDrained())) await sleep(LOOK_EVERY);
  const seconds = (now() - begin) / 1000;
  for (const worker of workers) await worker.end();
  return seconds;
}

function allHandled(workers, total) {
  return new Promise((resolve, reject) => {
    let left = total;
    for (const worker of workers) {
      worker.receive('never').catch(reject);
      worker.on('handled', (count) => {
        left -= count;
        if (left <= 0) resolve();
      });
    }
  });
}
