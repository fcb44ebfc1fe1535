/** In the order in which they are asked. */
const NAMES = [
  'save',
  'aggregate-save',
  'aggregate-load',
  'aggregate-payload',
  'decide',
  'drain',
  'transactional',
  'follow',
  'follow-latency',
  'idle-followers',
  'latency',
  'producers',
  'http',
  'rescan-known',
  'rescan-new',
  'claim',
  'counts',
  'retry',
  'archive',
  'ordered',
  'backlog',
];

/** @returns the questions of those names, or all; with `figures` only those of them that have a figure to reach */
export async function loadQuestions(names, { figures }) {
  const unknown = names.filter((name) => !NAMES.includes(name));
  if (unknown.length > 0)
    throw new Error(`Unknown question ${unknown.join(', ')}: expected ${NAMES.join(', ')}.`);
  const wanted = NAMES.filter((name) => names.length === 0 || names.includes(name));
  const questions = await Promise.all(
    wanted.map(async (name) => ({ name, ...(await import(`../questions/${name}.js`)).default })),
  );
  return questions.filter(({ rows }) => !figures || rows.some((row) => row.figure ?? row.figures));
}
