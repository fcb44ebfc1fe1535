// @ts-check

/** @typedef {'sqlite' | 'postgres' | 'mariadb' | 'mysql'} DatabaseName */

/** @type {readonly DatabaseName[]} */
const NAMES = ['sqlite', 'postgres', 'mariadb', 'mysql'];

/**
 * The databases that a variable of the environment lists, separated by commas; empty where it is not set. Throws at a
 * name that is none: a mistyped one would leave out tests without a word.
 *
 * @param {string} variable
 * @returns {DatabaseName[]}
 */
export function databaseNames(variable) {
  const names = (process.env[variable] ?? '').split(',').map((name) => name.trim());
  return names.filter(Boolean).map((name) => {
    const known = NAMES.find((candidate) => candidate === name);
    if (!known) throw new Error(`${variable}: expected sqlite, postgres, mariadb or mysql, got "${name}".`);
    return known;
  });
}
