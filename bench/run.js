// One command for all benchmarks: npm run bench, in the root. See README.md.
import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';

const HERE = fileURLToPath(new URL('.', import.meta.url));
const ROOT = fileURLToPath(new URL('..', import.meta.url));

const { parseArguments } = await import('./harness/arguments.js');
const options = parseArguments(process.argv.slice(2));
if (options) {
  if (!hasPeers()) npm('ci --no-audit --no-fund', HERE);
  if (options.build && !options.list) npm('run --silent build', ROOT);
  if (options.dist) process.env.ONCE_BENCH_DIST = pathToFileURL(resolve(options.dist)).href;
  const { benchmark } = await import('./harness/benchmark.js');
  process.exitCode = await benchmark(options);
}

/** Whether all are there, those too that were added since the last run. */
function hasPeers() {
  const { dependencies } = JSON.parse(readFileSync(`${HERE}package.json`, 'utf8'));
  return Object.keys(dependencies).every((name) => existsSync(`${HERE}node_modules/${name}`));
}

function npm(command, folder) {
  const { status } = spawnSync('npm', command.split(' '), { cwd: folder, stdio: ['ignore', 2, 2] });
  if (status !== 0) throw new Error(`npm ${command} failed in ${folder}.`);
}
