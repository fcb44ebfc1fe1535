import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join, normalize } from 'node:path';

const root = join(import.meta.dirname, '../..');
const read = (page: string) => readFileSync(join(root, page), 'utf8');
const docs = readdirSync(join(root, 'docs'), { recursive: true, encoding: 'utf8' })
  .filter((path) => path.endsWith('.md'))
  .map((path) => `docs/${path}`);

/** The targets of a page's links that are no addresses. */
function links(page: string): string[] {
  const targets = [...read(page).matchAll(/\]\(([^)\s]+)\)/g)].map(([, target]) => target!);
  return targets.filter((target) => !/^https?:/.test(target));
}

/** As GitHub makes it of a heading. */
function anchors(page: string): string[] {
  const headings = [...read(page).matchAll(/^#+ (.*)$/gm)].map(([, heading]) => heading!);
  return headings.map((heading) =>
    heading
      .toLowerCase()
      .replace(/[^\p{L}\p{N} _-]/gu, '')
      .replaceAll(' ', '-'),
  );
}

describe('links', () => {
  it('of the README, which a registry shows without the files around it, are addresses', () => {
    expect(links('README.md')).toEqual([]);
  });

  it('of the documentation lead to a page, and a heading, that the package has too', () => {
    const dead = docs.flatMap((page) =>
      links(page).flatMap((link) => {
        const [path, anchor] = link.split('#') as [string, string | undefined];
        const target = path === '' ? page : normalize(join(dirname(page), path));
        const isThere = /^(docs\/|CHANGELOG\.md$|README\.md$)/.test(target) && existsSync(join(root, target));
        const isHeading = anchor === undefined || (isThere && anchors(target).includes(anchor));
        return isThere && isHeading ? [] : [`${page}: ${link}`];
      }),
    );
    expect(dead).toEqual([]);
  });

  it('of the changelog lead to a page', () => {
    expect(links('CHANGELOG.md').filter((link) => !existsSync(join(root, link.split('#')[0]!)))).toEqual([]);
  });
});
