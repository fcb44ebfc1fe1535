import { parseArgs } from 'node:util';

const USAGE = `npm run bench -- [question …] [options]

  --quick           few rounds and small counts, to try the harness: its figures say nothing
  --rounds <n>      rounds of each question (default 5; 2 with --quick)
  --figures         only the questions that have a figure to reach
  --databases <a,b> postgres, sqlite, mariadb, mysql (default: all that are there)
  --write           write bench/RESULTS.md and the picture (default when all questions run in full)
  --no-write        do not
  --no-build        measure dist/ as it is
  --dist <folder>   measure another build, for comparing two
  --seed <n>        of the random gaps (default 1)
  --profile         write CPU profiles of all processes to .tmp/bench-profiles
  --list            print the names of the questions`;

/** @returns what to run and how, or undefined when only the usage was asked for */
export function parseArguments(args) {
  const { values, positionals } = parseArgs({
    args,
    allowPositionals: true,
    options: {
      quick: { type: 'boolean', default: false },
      rounds: { type: 'string' },
      figures: { type: 'boolean', default: false },
      databases: { type: 'string' },
      write: { type: 'boolean' },
      'no-write': { type: 'boolean', default: false },
      'no-build': { type: 'boolean', default: false },
      dist: { type: 'string' },
      seed: { type: 'string', default: '1' },
      profile: { type: 'boolean', default: false },
      list: { type: 'boolean', default: false },
      help: { type: 'boolean', default: false },
    },
  });
  if (values.help) {
    console.log(USAGE);
    return undefined;
  }
  const { quick, figures } = values;
  const rounds = wholeNumber('--rounds', values.rounds ?? (quick ? '2' : '5'));
  const databases = values.databases?.split(',');
  const complete = positionals.length === 0 && !quick && !figures && !databases && rounds >= 5;
  return {
    questions: positionals,
    quick,
    figures,
    rounds,
    databases,
    write: values['no-write'] ? false : (values.write ?? complete),
    build: !values['no-build'] && !values.dist,
    dist: values.dist,
    seed: wholeNumber('--seed', values.seed),
    profile: values.profile,
    list: values.list,
    command: ['npm run bench', ...(args.length > 0 ? ['--', ...args] : [])].join(' '),
  };
}

function wholeNumber(option, text) {
  if (/^[1-9]\d*$/.test(text)) return Number(text);
  throw new Error(`Expected ${option} to be a whole number, 1 or more, got "${text}".`);
}
