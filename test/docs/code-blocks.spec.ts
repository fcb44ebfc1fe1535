import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { codeBlocks, UncheckedBlockError } from './markdown-blocks.js';
import { typeErrors } from './type-check.js';

const root = join(import.meta.dirname, '../..');
const page = (...lines: string[]) => codeBlocks('docs/a.md', lines.join('\n'));

describe('code blocks of the documentation', () => {
  it('compile', () => {
    const docs = readdirSync(join(root, 'docs'), { recursive: true, encoding: 'utf8' });
    const pages = ['README.md', ...docs.filter((path) => path.endsWith('.md')).map((path) => `docs/${path}`)];
    const blocks = pages.flatMap((path) => codeBlocks(path, readFileSync(join(root, path), 'utf8')));
    expect(blocks.some((block) => block.page === 'README.md')).toBe(true);
    expect(typeErrors(root, blocks)).toEqual([]);
  });
});

describe('the check of code blocks', () => {
  it('sees what earlier blocks of the page declare, import or hide, and lets them be declared anew', () => {
    const blocks = page(
      '<!-- ts',
      'declare const hidden: number;',
      '-->',
      '```ts',
      "import { Logger } from '@nestjs/common';",
      'class Model { id: number = hidden; }',
      '```',
      '1. In a list:',
      '   ```typescript',
      '   export class Other { constructor(readonly logger: Logger, readonly model: Model) {} }',
      '   ```',
      '```ts',
      'class Model { name: string; }',
      'new Other(new Logger(), { id: 1 }).model.id satisfies number;',
      '```',
    );
    expect(typeErrors(root, blocks)).toEqual([]);
  });

  it('finds a block by the file name that it starts with', () => {
    const blocks = page(
      '```ts',
      '// src/model.entity.ts',
      'export const id = 1;',
      '```',
      '```ts',
      "import { id } from './model.entity.js';",
      'id satisfies number;',
      '```',
    );
    expect(typeErrors(root, blocks)).toEqual([]);
  });

  it('reports the line of the page', () => {
    const blocks = page(
      '# Title',
      '',
      '```ts',
      'const a = 1;',
      'const b: string = a;',
      '```',
      '```json',
      '{}',
      '```',
    );
    expect(typeErrors(root, blocks)).toEqual([
      "docs/a.md:5: Type 'number' is not assignable to type 'string'.",
    ]);
  });

  it('knows nothing of other pages', () => {
    const other = codeBlocks('docs/b.md', '```ts\nconst a = 1;\n```');
    expect(typeErrors(root, [...other, ...page('```ts', 'a;', '```')])).toEqual([
      "docs/a.md:2: Cannot find name 'a'.",
    ]);
  });

  it('refuses a block that asks not to be checked', () => {
    expect(() => page('', '```ts no-check', 'a b', '```')).toThrow(UncheckedBlockError);
  });
});
