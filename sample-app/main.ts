import 'reflect-metadata';
import { runDogsDemo } from './demo/dogs-demo.js';
import { runDemo } from './demo/demo.js';
import { runWorker } from './demo/worker.js';
import { runWriter } from './demo/writer.js';
import { serve } from './server.js';

const COMMANDS: Record<string, () => Promise<void>> = {
  serve: async () => {
    const app = await serve(process.env);
    const url = (await app.getUrl()).replace('[::1]', 'localhost');
    console.log(
      `The donation platform listens on ${url}. Open ${url}/ and cheer, or try what sample-app/README.md shows.`,
    );
  },
  demo: async () => {
    process.exitCode = (await runDemo(process.env.DATABASE_URL)) ? 0 : 1;
  },
  'demo-dogs': async () => {
    process.exitCode = (await runDogsDemo()) ? 0 : 1;
  },
  // The demo's own processes; not meant to be started by hand.
  'demo-writer': runWriter,
  'demo-worker': runWorker,
};

const name = process.argv[2] ?? 'serve';
try {
  const command = COMMANDS[name];
  if (!command) throw new Error(`Unknown command "${name}": expected serve, demo or demo-dogs.`);
  await command();
} catch (error) {
  console.error(error);
  process.exitCode = 1;
}
