import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { format, resolveConfig } from 'prettier';
import { PAGES, REGENERATE, shownOptions, withTables } from './option-tables.js';

const root = join(import.meta.dirname, '../..');
const shown = shownOptions(root);
const all = [...shown].flatMap(([table, options]) => options.map((option) => ({ table, ...option })));

describe('the options of the module', () => {
  it('have a sentence each, which editors show at the published types', () => {
    expect(all.filter(({ sentence }) => !sentence.endsWith('.'))).toEqual([]);
    expect(all.length).toBeGreaterThan(50);
  });

  it('have in it the default that is declared, where that is a plain value', () => {
    const wrong = all
      .filter(({ declared }) => ['string', 'number', 'boolean'].includes(typeof declared))
      .filter(({ table, name }) => `${table}.${name}` !== 'http.trustedProxies')
      .filter(({ declared, byDefault }) => byDefault?.split(';')[0] !== inCode(declared))
      .map(({ table, name, declared }) => `${table}.${name}: say "Default ${inCode(declared)}."`);
    expect(wrong).toEqual([]);
  });

  it.each(PAGES)(`are as they are told on %s; if not: ${REGENERATE}`, async (path) => {
    const page = readFileSync(join(root, path), 'utf8');
    const filepath = join(root, path);
    const style = await resolveConfig(filepath);
    expect(await format(withTables(page, shown), { ...style, filepath })).toBe(page);
  });
});

const inCode = (value: unknown) => `\`${typeof value === 'string' ? `'${value}'` : String(value)}\``;
