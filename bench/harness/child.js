// The body of every process of a benchmark; see Child in processes.js.
import 'reflect-metadata';
import { Channel, Child } from './processes.js';

const channel = new Channel(process);
const job = await channel.receive('job');
const roles = [];
// The one above is gone: nobody waits for a result.
process.on('disconnect', () => process.exit(1));

try {
  const { default: question } = await import(`../questions/${job.question}.js`);
  const work = {
    prepare: question.contenders[job.contender]?.prepare ?? question.prepare,
    run: question.contenders[job.contender]?.run,
    role: question.roles?.[job.role],
  }[job.part];
  // The database of what is measured is made in the meantime.
  job.address ??= await channel.receive('address');
  const result = await work({ ...job, channel, start, warmedUp });
  channel.send('result', result ?? {});
} catch (error) {
  channel.send('failed', error?.stack ?? String(error));
} finally {
  for (const role of roles) role.kill();
  // A turn of the loop for the message. What is still open belongs to a peer that knows no better end.
  setTimeout(() => process.exit(), 50);
}

/** A contender of a question that `warmsUp` awaits it between what warms up and what is measured. */
async function warmedUp() {
  channel.send('warm');
  await channel.receive('measure');
}

/** Another process of this contender; `end()` it before the contender's result is returned. */
function start(role, data = {}) {
  const child = new Child({ ...job, ...data, part: 'role', role, name: `${job.name}.${role}` });
  roles.push(child);
  return child;
}
