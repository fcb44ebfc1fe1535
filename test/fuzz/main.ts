// npm run fuzz -- --seconds 60 --seed 42 --adapter express
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { dataSourceOptionsFrom } from '../support/data-source-options.js';
import { ADAPTERS } from '../support/http-application.js';
import { fuzz } from './fuzz.js';

const { values } = parseArgs({
  options: {
    seconds: { type: 'string', default: '60' },
    seed: { type: 'string', default: String(Math.floor(Math.random() * 1e9)) },
    adapter: { type: 'string' },
  },
});
const adapters = ADAPTERS.filter((name) => values.adapter === undefined || values.adapter === name);
const each = (Number(values.seconds) * 1000) / adapters.length;
const folder = mkdtempSync(join(tmpdir(), 'once-fuzz-'));
try {
  process.stdout.write(`seed ${values.seed}\n`);
  for (const adapter of adapters) {
    const end = performance.now() + each;
    const database = dataSourceOptionsFrom({ name: 'sqlite', url: join(folder, `${adapter}.db`) });
    const goesOn = () => performance.now() < end;
    const { findings, ...report } = await fuzz({ adapter, database, seed: Number(values.seed), goesOn });
    process.stdout.write(`${adapter}: ${JSON.stringify(report)}\n`);
    for (const finding of findings.slice(0, 20)) process.stdout.write(`${finding}\n`);
    process.stdout.write(`${findings.length} findings\n`);
    if (findings.length > 0) process.exitCode = 1;
  }
} finally {
  rmSync(folder, { recursive: true });
}
