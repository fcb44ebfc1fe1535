/** A piece of TypeScript in a Markdown page: a fenced block, or a hidden `<!-- ts … -->` one. */
export interface CodeBlock {
  /** Path of the page, relative to the repository. */
  page: string;
  /** 1-based line of the page on which the code starts. */
  line: number;
  code: string;
  /** Name of the module that the block says to be: `// file: app.module.ts` as its first line. */
  file?: string;
}

/** A fence whose info string says more than the language. */
export class UncheckedBlockError extends Error {
  constructor(page: string, line: number, info: string) {
    super(
      `${page}:${line}: expected a fence of plain \`ts\`, got \`${info}\`. Every TypeScript block is compiled; ` +
        'for what is not TypeScript use `text`.',
    );
    this.name = new.target.name;
  }
}

const OPENING = /^(?<indent>\s*)(?:(?<fence>`{3,}|~{3,})\s*(?<info>.*?)|<!-- (?<hidden>ts))\s*$/;
const TYPESCRIPT = /^(ts|typescript)\b/;

/** The TypeScript blocks of a page, in order. */
export function codeBlocks(page: string, markdown: string): CodeBlock[] {
  const lines = markdown.split(/\r?\n/);
  const blocks: CodeBlock[] = [];
  for (let index = 0; index < lines.length; index++) {
    const opening = OPENING.exec(lines[index]!)?.groups;
    if (!opening) continue;
    const start = index + 1;
    const closing = opening.fence ?? '-->';
    while (++index < lines.length && !closes(lines[index]!, closing));
    const info = opening.hidden ?? opening.info!;
    if (!TYPESCRIPT.test(info)) continue;
    if (!/^\w+$/.test(info)) throw new UncheckedBlockError(page, start, info);
    const code = lines.slice(start, index).map((line) => unindent(line, opening.indent!.length));
    blocks.push({ page, line: start + 1, code: code.join('\n'), file: fileName(code[0] ?? '') });
  }
  return blocks;
}

function closes(line: string, closing: string): boolean {
  const text = line.trim();
  return closing === '-->' ? text === closing : text.startsWith(closing) && /^(`+|~+)$/.test(text);
}

function unindent(line: string, width: number): string {
  return line.slice(Math.min(width, line.length - line.trimStart().length));
}

function fileName(firstLine: string): string | undefined {
  return /^\/\/ (?:file: )?(?:[\w.-]+\/)*([\w.-]+\.ts)$/.exec(firstLine.trim())?.[1];
}
