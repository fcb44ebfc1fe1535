import { checkpoint, clone, create, drop, settle } from './databases.js';
import { Child } from './processes.js';
import { summary } from './statistics.js';

/** Milliseconds that one contender may take in one round. */
const LIMIT = 180_000;

/**
 * Asks one question on one database: every contender in a fresh process on a fresh database, one after the other, round
 * after round.
 *
 * @returns the question's rows with their figures; `skipped` with the reason where a contender cannot run
 */
export async function ask(question, database, options, progress) {
  const sizes = question.sizes({ quick: options.quick, database });
  const contenders = Object.keys(question.contenders).filter((name) =>
    runsOn(question.contenders[name], database),
  );
  const job = { question: question.name, sizes, seed: options.seed, profile: options.profile };
  const templates = new Templates(question, database, job);
  const measured = Object.fromEntries(contenders.map((name) => [name, []]));
  const rounds = Math.min(options.rounds, question.maxRounds ?? Infinity);
  try {
    for (let round = 0; round < rounds; round++) {
      // Nobody is always the first, who finds everything cold, nor always after the same one.
      const order = contenders.map((_, index) => contenders[(index + round) % contenders.length]);
      for (const contender of order) {
        progress(`${question.name} · ${database} · round ${round + 1}/${rounds} · ${contender}`);
        measured[contender].push(await measure(templates, contender, { ...job, seed: job.seed + round }));
      }
    }
  } catch (error) {
    const skipped = /UnknownOptionError[^\n]*/.exec(error.message)?.[0];
    if (skipped && question.needsOption?.test(skipped)) return { database, sizes, rows: [], skipped };
    throw error;
  } finally {
    await templates.drop();
  }
  return { database, sizes, measured, rows: question.rows.flatMap((row) => evaluate(row, measured)) };
}

async function measure(templates, contender, job) {
  const address = await templates.fresh(contender);
  try {
    await checkpoint(address);
    return await completed({
      ...job,
      part: 'run',
      contender,
      address,
      name: `${job.question}.${contender}.${address.name}`,
    });
  } finally {
    await drop(address);
  }
}

async function completed(job) {
  const child = new Child(job);
  const timer = setTimeout(
    () => child.fail(new Error(`${job.name}: no result within ${LIMIT / 1000} s.`)),
    LIMIT,
  );
  try {
    return await child.result();
  } catch (error) {
    child.kill();
    throw error;
  } finally {
    clearTimeout(timer);
  }
}

/** Databases that were prepared once and are copied for each round, where the server can do that. */
class Templates {
  #prepared = new Map();

  constructor(question, database, job) {
    this.question = question;
    this.database = database;
    this.job = job;
  }

  async fresh(contender) {
    const {
      prepare = this.question.prepare,
      template = 'prepare' in this.question.contenders[contender] ? contender : '',
    } = this.question.contenders[contender];
    if (!prepare) return create(this.database);
    if (this.database === 'mysql') return this.#prepare(contender);
    if (!this.#prepared.has(template)) this.#prepared.set(template, await this.#prepare(contender));
    return clone(this.#prepared.get(template));
  }

  async #prepare(contender) {
    const address = await create(this.database);
    await completed({
      ...this.job,
      profile: false,
      part: 'prepare',
      contender,
      address,
      name: `${this.job.question}.prepare`,
    });
    await settle(address);
    return address;
  }

  async drop() {
    for (const address of this.#prepared.values()) await drop(address);
  }
}

function evaluate(row, measured) {
  const { of, to, metric, compare = (a, b) => a / b } = row;
  if (!measured[of] || !measured[to]) return [];
  const ours = measured[of].map((values) => values[metric]);
  const theirs = measured[to].map((values) => values[metric]);
  const ratio = summary(ours.map((value, round) => compare(value, theirs[round])));
  return [
    {
      ...row,
      rounds: ours.length,
      ours: summary(ours),
      theirs: summary(theirs),
      ratio,
      reached: isReached(row.figure, ratio.median),
    },
  ];
}

/** Undefined where there is no figure to reach. */
function isReached(figure, value) {
  if (!figure) return undefined;
  if (figure.atLeast !== undefined) return value >= figure.atLeast;
  if (figure.below !== undefined) return value < figure.below;
  return value <= figure.atMost;
}

function runsOn(contender, database) {
  return !contender.databases || contender.databases.includes(database);
}
