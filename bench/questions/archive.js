import { createReadStream, createWriteStream } from 'node:fs';
import { rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import pg from 'pg';
import { to as copyTo } from 'pg-copy-streams';
import { startApplication } from '../harness/application.js';
import { now } from '../harness/clock.js';
import { withConnection } from '../harness/log.js';
import { recorders } from '../harness/recorders.js';
import { countOf, fillEvents } from '../harness/tables.js';

const FEW = 100_000;
const BATCH = 1000;

export default {
  group: 'Operating',
  databases: ['postgres'],
  sizes: ({ quick }) => ({ events: quick ? 20_000 : 1_000_000, few: quick ? 10_000 : FEW }),
  // A million events are copied for each contender.
  maxRounds: 3,
  contenders: {
    export: {
      prepare: ({ address, sizes }) => fill(address, sizes.events),
      run: ({ address, sizes }) => exportAll(address, sizes.events),
    },
    'export-few': {
      prepare: ({ address, sizes }) => fill(address, sizes.few),
      run: ({ address, sizes }) => exportAll(address, sizes.few),
    },
    copy: { prepare: ({ address, sizes }) => fill(address, sizes.events), run: copy },
    import: { prepare: makeTables, run: (context) => importInto(context, context.sizes.events) },
    'import-few': { prepare: makeTables, run: (context) => importInto(context, context.sizes.few) },
    insert: { prepare: makeTables, run: insert },
  },
  rows: [
    rate('export', 'export', 'copy', 'export to a file', '`COPY once_event TO STDOUT` into a file', 0.15),
    memory('export'),
    rate(
      'import',
      'import',
      'insert',
      'import of a file into an empty log, every key checked',
      'one `INSERT … SELECT unnest` per 1,000 events on bare `pg` into the same table',
      0.3,
    ),
    memory('import'),
  ],
};

function rate(id, of, to, title, peer, atLeast) {
  return {
    id,
    title,
    compared: `\`EventArchive\` / ${peer}`,
    ...{ of, to, metric: 'perSecond', unit: 'events/s', figure: { atLeast } },
  };
}

function memory(of) {
  return {
    id: `${of}-memory`,
    title: `peak resident memory of the ${of}`,
    compared: 'of all of them / of the few',
    ...{ of, to: `${of}-few`, metric: 'mebibytes', unit: 'MiB', figure: { atMost: 1.2 } },
  };
}

const options = { dispatch: 'none', rescan: false };

async function fill(address, count) {
  const application = await startApplication({ address, options });
  await fillEvents(application.dataSource, address.name, count, 'bench');
  await application.close();
}

async function makeTables({ address }) {
  await (await startApplication({ address, options })).close();
}

/** Runs `work` with the path of a file that is there as long as it runs. */
async function withFile(work) {
  const file = join(tmpdir(), `once-bench-${process.pid}.ndjson`);
  try {
    return await work(file);
  } finally {
    await rm(file, { force: true });
  }
}

async function exportAll(address, count) {
  const application = await startApplication({ address, options });
  let [events, begin, perSecond] = [0, now(), 0];
  await withFile(async (file) => {
    const pieces = application.archive.export({ onProgress: (progress) => (events = progress.events) });
    await pipeline(Readable.from(pieces), createWriteStream(file));
    perSecond = (1000 * count) / (now() - begin);
  });
  if (events !== count) throw new Error(`Expected ${count} events, got ${events}.`);
  const mebibytes = peak();
  await application.close();
  return { perSecond, mebibytes };
}

async function copy({ address, sizes }) {
  const client = new pg.Client(address.url);
  await client.connect();
  const begin = now();
  let perSecond = 0;
  await withFile(async (file) => {
    const source = client.query(copyTo('COPY once_event TO STDOUT'));
    await pipeline(source, createWriteStream(file));
    if (source.rowCount !== sizes.events)
      throw new Error(`Expected ${sizes.events}, got ${source.rowCount}.`);
    perSecond = (1000 * sizes.events) / (now() - begin);
  });
  await client.end();
  return { perSecond };
}

/** The archive is written by hand: its process is not to have exported before. */
async function importInto({ address }, count) {
  const application = await startApplication({ address, options });
  return withFile(async (file) => {
    await pipeline(Readable.from(archive(count)), createWriteStream(file));
    const begin = now();
    const report = await application.archive.import(createReadStream(file));
    const perSecond = (1000 * count) / (now() - begin);
    if (report.imported !== count || !report.complete)
      throw new Error(`Expected ${count} events, got ${JSON.stringify(report)}.`);
    const mebibytes = peak();
    await application.close();
    return { perSecond, mebibytes };
  });
}

/** In MiB. */
function peak() {
  return process.resourceUsage().maxRSS / 1024;
}

function* archive(count) {
  yield `${JSON.stringify({ format: 'nestjs-once.events', version: 1 })}\n`;
  for (let from = 1; from <= count; from += BATCH)
    yield numbers(from, count)
      .map((n) => `${JSON.stringify(lineOf(n))}\n`)
      .join('');
  yield `${JSON.stringify({ end: true, events: count })}\n`;
}

function numbers(from, count) {
  return Array.from({ length: Math.min(BATCH, count - from + 1) }, (_, index) => from + index);
}

function lineOf(position) {
  const [key, group, payload, encoding, metadata, occurredAt, recordedAt] = rowOf(position);
  return { position, key, group, encoding, payload, metadata, occurredAt, recordedAt };
}

/** As `fillEvents` makes them. */
function rowOf(n) {
  const key = `bench_${n}`;
  const metadata = JSON.stringify({ correlationId: key, source: 'bench' });
  return [key, 'bench', JSON.stringify({ number: n }), 'json', metadata, Date.now(), Date.now(), 1];
}

async function insert({ address, sizes }) {
  const { record, close } = await recorders[address.name](address);
  const begin = now();
  for (let from = 1; from <= sizes.events; from += BATCH)
    await record(numbers(from, sizes.events).map(rowOf));
  const perSecond = (1000 * sizes.events) / (now() - begin);
  await close();
  const count = await withConnection(address, (dataSource) => countOf(dataSource, 'once_event'));
  if (count !== sizes.events) throw new Error(`Expected ${sizes.events} events, got ${count}.`);
  return { perSecond };
}
