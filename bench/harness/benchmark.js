import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { availableDatabases, describeServer, dropAll } from './databases.js';
import { describeMachine } from './environment.js';
import { backlogPicture } from './backlog-picture.js';
import { loadQuestions } from './questions.js';
import { results, rowLine } from './results.js';
import { ask } from './rounds.js';

const RESULTS = new URL('../RESULTS.md', import.meta.url);
const LIMITS = new URL('../limits.json', import.meta.url);
const PICTURE = new URL('../../docs/guides/images/backlog.svg', import.meta.url);

/** @returns the process's exit code: 1 when a question could not be asked; a figure that is not reached is no failure */
export async function benchmark(options) {
  const questions = await loadQuestions(options.questions, options);
  if (options.list) {
    console.log(questions.map(({ name }) => name).join('\n'));
    return 0;
  }
  const databases = availableDatabases().filter(
    (name) => !options.databases || options.databases.includes(name),
  );
  const began = Date.now();
  const answers = [];
  for (const signal of ['SIGINT', 'SIGTERM'])
    process.once(signal, () => void dropAll().finally(() => process.exit(130)));
  try {
    for (const question of questions) {
      for (const database of databases.filter(
        (name) => !question.databases || question.databases.includes(name),
      )) {
        answers.push(await answered(question, database, options));
      }
    }
  } finally {
    await dropAll();
  }
  await write({ options, databases, answers, minutes: (Date.now() - began) / 60_000 });
  return answers.some(({ failed }) => failed) ? 1 : 0;
}

async function answered(question, database, options) {
  const began = Date.now();
  const answer = await ask(question, database, options, showProgress).catch((error) => ({
    database,
    rows: [],
    failed: error.message,
  }));
  const seconds = (Date.now() - began) / 1000;
  clearProgress();
  console.log(
    `\n${question.name} on ${database}: ${seconds.toFixed(0)} s, ${JSON.stringify(answer.sizes ?? {})}`,
  );
  if (answer.failed) console.log(`  failed: ${answer.failed}`);
  if (answer.skipped) console.log(`  skipped: ${answer.skipped}`);
  for (const row of answer.rows) console.log(`  ${rowLine(row)}`);
  return { ...answer, question };
}

async function write({ options, databases, answers, minutes }) {
  console.log(`\n${minutes.toFixed(1)} minutes in all.`);
  if (!options.write) return;
  const servers = {};
  for (const name of databases) servers[name] = await describeServer(name);
  const environment = describeMachine({ ...options, servers, minutes });
  const limits = JSON.parse(readFileSync(LIMITS, 'utf8'));
  writeFileSync(RESULTS, results({ environment, answers, limits }));
  const backlog = answers.find(({ question, measured }) => question.name === 'backlog' && measured);
  if (backlog) {
    mkdirSync(new URL('.', PICTURE), { recursive: true });
    writeFileSync(PICTURE, backlogPicture(backlog));
  }
  console.log('Wrote bench/RESULTS.md' + (backlog ? ' and docs/guides/images/backlog.svg.' : '.'));
}

function showProgress(text) {
  if (process.stderr.isTTY) process.stderr.write(`\r\x1b[2K${text}`);
}

function clearProgress() {
  if (process.stderr.isTTY) process.stderr.write('\r\x1b[2K');
}
