// @ts-check
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';

/** @typedef {{ url?: string, error?: string }} Answer */

/** @type {import('node:child_process').ChildProcess | undefined} */
let server;

/**
 * Starts the PostgreSQL that npm installed, with an empty data folder and on a free port, and returns its URL.
 * It ends with this process at the latest.
 */
export async function startEmbeddedPostgres() {
  const program = fileURLToPath(new URL('./postgres-server.mjs', import.meta.url));
  server = fork(program, { stdio: ['ignore', 'inherit', 'inherit', 'ipc'], execArgv: [] });
  const answer = await Promise.race([
    once(server, 'message').then(([message]) => /** @type {Answer} */ (message)),
    once(server, 'exit').then(() => /** @type {Answer} */ ({ error: 'its process ended' })),
  ]);
  if (!answer.url) throw new Error(`The PostgreSQL from npm could not be started: ${answer.error}`);
  // It must not keep alive a test run that is over.
  server.unref();
  server.channel?.unref();
  return answer.url;
}

/** Stops the server, if one was started, and deletes its data. */
export async function stopEmbeddedPostgres() {
  if (!server?.connected) return;
  const ended = once(server, 'exit');
  server.ref();
  server.disconnect();
  await ended;
}
