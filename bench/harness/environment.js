import { readFileSync } from 'node:fs';
import { arch, cpus, release, totalmem, type } from 'node:os';
import { LABELS } from './databases.js';

const OWN = ['graphile-worker', 'pg-boss', 'pg'];
const SHARED = ['@nestjs/core', 'typeorm', 'mysql2', 'libsql'];

/** The head of the results: what the figures hold for. Lines of Markdown. */
export function describeMachine({ command, rounds, seed, servers, minutes }) {
  const processors = cpus();
  const versions = [
    `nestjs-once ${versionIn('../../package.json')}`,
    ...OWN.map((name) => `${name} ${versionIn(`../node_modules/${name}/package.json`)}`),
    ...SHARED.map((name) => `${name} ${versionIn(`../../node_modules/${name}/package.json`)}`),
  ];
  return [
    `- command: \`${command}\`, ${new Date().toISOString().slice(0, 10)}, ${minutes.toFixed(0)} minutes`,
    `- machine: ${processors.length} × ${processors[0].model.trim()}, ${Math.round(totalmem() / 2 ** 30)} GiB, ${type()} ${release()} ${arch()}; databases on the same machine`,
    `- Node.js ${process.versions.node}; ${versions.join(', ')}`,
    ...Object.entries(servers).map(([name, server]) => serverLine(name, server)),
    `- rounds: ${rounds} unless the table says otherwise; seed ${seed}`,
  ];
}

function serverLine(name, server) {
  if (!server) return `- ${LABELS[name]}: a file in WAL mode, \`synchronous\` as the driver has it (FULL)`;
  return `- ${LABELS[name]}: ${server.version}; ${server.settings.map((setting) => `\`${setting}\``).join(', ')}`;
}

function versionIn(path) {
  return JSON.parse(readFileSync(new URL(path, import.meta.url), 'utf8')).version;
}
