import { clone, create, drop, settle } from './databases.js';
import { Child } from './processes.js';
import { Run } from './run.js';
import { summary } from './statistics.js';

/**
 * Asks one question on one database: every contender in a fresh process on a fresh database, one after the other, round
 * after round. Where the question says `warmsUp`, the contenders of a round warm up at the same time before.
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
      const runs = order.map(
        (contender) => new Run(templates, contender, { ...job, seed: job.seed + round }),
      );
      for (const together of question.warmsUp ? [runs] : runs.map((run) => [run])) {
        await measure(together, question, ({ contender }) =>
          progress(`${question.name} · ${database} · round ${round + 1}/${rounds} · ${contender}`),
        );
      }
      for (const { contender, result } of runs) measured[contender].push(result);
    }
  } catch (error) {
    const skipped = /UnknownOptionError[^\n]*/.exec(error.message)?.[0];
    if (skipped && question.needsOption?.test(skipped)) return { database, sizes, rows: [], skipped };
    throw error;
  } finally {
    await templates.drop();
  }
  return {
    database,
    sizes,
    measured,
    rows: question.rows.flatMap((row) => evaluate(row, measured, database)),
  };
}

async function measure(runs, { warmsUp }, progress) {
  try {
    for (const run of runs) {
      progress(run);
      await run.start();
    }
    if (warmsUp) await Promise.all(runs.map((run) => run.warmUp()));
    for (const run of runs) {
      progress(run);
      await run.measure();
    }
  } finally {
    for (const run of runs) await run.end();
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
    if (this.database === 'mariadb' || this.database === 'mysql') return this.#prepare(contender);
    if (!this.#prepared.has(template)) this.#prepared.set(template, await this.#prepare(contender));
    return clone(this.#prepared.get(template));
  }

  async #prepare(contender) {
    const address = await create(this.database);
    const name = `${this.job.question}.prepare`;
    await new Child({ ...this.job, profile: false, part: 'prepare', contender, address, name }).result();
    await settle(address);
    return address;
  }

  async drop() {
    for (const address of this.#prepared.values()) await drop(address);
  }
}

/** A row without `to` is about a rate alone. */
function evaluate(row, measured, database) {
  const { of, to, metric, compare = (a, b) => a / b } = row;
  const figure = figureOn(row, database);
  if (!measured[of] || (to && !measured[to])) return [];
  const ours = measured[of].map((values) => values[metric]);
  const theirs = to && measured[to].map((values) => values[metric]);
  const ratio = summary(ours.map((value, round) => (theirs ? compare(value, theirs[round]) : value)));
  return [
    {
      ...row,
      figure,
      rounds: ours.length,
      ours: summary(ours),
      theirs: theirs && summary(theirs),
      ratio,
      reached: isReached(figure, ratio.median),
    },
  ];
}

/** `figure` holds for all databases, `figures` has one for each database that is to reach one. */
function figureOn({ figure, figures }, database) {
  return figure ?? figures?.[database];
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
