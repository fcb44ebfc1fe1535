// Runs a database server as its child, starts and stops it as its parent says, and leaves neither the server nor its data
// folder behind when the parent is gone. Its argument: { folder, program, args, ready, owner? } as JSON.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { rmSync } from 'node:fs';
import { createInterface } from 'node:readline';

const { folder, program, args, ready, owner } = JSON.parse(process.argv[2]);
let server;

for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => {});
process.on('disconnect', async () => {
  await stop('SIGKILL');
  rmSync(folder, { recursive: true, force: true, maxRetries: 5 });
  process.exit(0);
});
process.on('message', async ({ signal }) => {
  try {
    await (signal ? stop(signal) : start());
    process.send({});
  } catch (error) {
    process.send({ error: String(error) });
  }
});

async function start() {
  server = spawn(program, args, { ...owner, cwd: folder, stdio: ['ignore', 'ignore', 'pipe'] });
  const log = [];
  await new Promise((resolve, reject) => {
    server.once('error', reject);
    server.once('exit', () => reject(new Error(`${program} did not start:\n${log.join('\n')}`)));
    createInterface(server.stderr).on('line', (line) => {
      if (line.includes(ready)) resolve();
      if (log.length < 50) log.push(line);
    });
  });
}

async function stop(signal) {
  if (!server?.pid || server.exitCode !== null || server.signalCode !== null) return;
  const ended = once(server, 'exit');
  server.kill(signal);
  await ended;
}
