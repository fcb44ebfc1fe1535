import { basename, dirname, join } from 'node:path';
import ts from 'typescript';
import { type BlockModule, blockModules } from './block-modules.js';
import type { CodeBlock } from './markdown-blocks.js';

/** Compiles the blocks of all pages as one program; the errors as `page:line: message`. */
export function typeErrors(root: string, blocks: readonly CodeBlock[]): string[] {
  const modules = virtualModules(root, blocks);
  const options = compilerOptions(root);
  const program = ts.createProgram([...modules.keys()], options, hostOf(modules, options));
  return [...modules].flatMap(([path, module]) => {
    const source = program.getSourceFile(path)!;
    const diagnostics = [
      ...program.getSyntacticDiagnostics(source),
      ...program.getSemanticDiagnostics(source),
    ];
    return diagnostics.map((diagnostic) => describeError(module.block, source, diagnostic));
  });
}

/** By a path that lies in the repository, so that packages resolve; nothing is written there. */
function virtualModules(root: string, blocks: readonly CodeBlock[]): Map<string, BlockModule> {
  const pages = [...new Set(blocks.map(({ page }) => page))];
  const modules = pages.flatMap((page) => blockModules(blocks.filter((block) => block.page === page)));
  return new Map(
    modules.map((module) => [join(root, '.tmp', 'docs', module.block.page, module.name), module]),
  );
}

function compilerOptions(root: string): ts.CompilerOptions {
  const { config } = ts.readConfigFile(join(root, 'tsconfig.json'), ts.sys.readFile);
  const { options } = ts.parseJsonConfigFileContent({ ...config, files: [], include: [] }, ts.sys, root);
  // A page shows what matters; whether the reader uses it is not the compiler's to say.
  return {
    ...options,
    noEmit: true,
    noUnusedLocals: false,
    noUnusedParameters: false,
    isolatedModules: false,
  };
}

function hostOf(modules: Map<string, BlockModule>, options: ts.CompilerOptions): ts.CompilerHost {
  const host = ts.createCompilerHost(options);
  const { directoryExists, fileExists, readFile } = host;
  const folders = new Set([...modules.keys()].map((path) => dirname(path)));
  host.directoryExists = (path) => folders.has(path) || directoryExists!(path);
  host.fileExists = (path) => modules.has(path) || fileExists(path);
  host.readFile = (path) => modules.get(path)?.text ?? readFile(path);
  host.getSourceFile = (path, language) => {
    const module = modules.get(path);
    return module ? ts.createSourceFile(path, module.text, language) : packageFile(path, language, host);
  };
  host.resolveModuleNameLiterals = (literals, importer, _redirected, _options, file) =>
    literals.map((literal) => {
      const named = namedBlock(modules, importer, literal.text);
      if (named) return { resolvedModule: { resolvedFileName: named, extension: ts.Extension.Ts } };
      const mode = ts.getModeForUsageLocation(file, literal, options);
      return ts.resolveModuleName(literal.text, importer, options, host, undefined, undefined, mode);
    });
  return host;
}

const packageFiles = new Map<string, ts.SourceFile | undefined>();

/** Parsed once for all programs. */
function packageFile(
  path: string,
  language: ts.ScriptTarget | ts.CreateSourceFileOptions,
  host: ts.CompilerHost,
) {
  if (!packageFiles.has(path)) {
    const text = host.readFile(path);
    packageFiles.set(path, text === undefined ? undefined : ts.createSourceFile(path, text, language));
  }
  return packageFiles.get(path);
}

/** The block of the page that says to be `./name.ts`: the last one before the importing block, else the first. */
function namedBlock(
  modules: Map<string, BlockModule>,
  importer: string,
  specifier: string,
): string | undefined {
  const here = modules.get(importer);
  if (!here || !specifier.startsWith('.')) return undefined;
  const file = basename(specifier).replace(/\.js$/, '.ts');
  const named = [...modules].filter(
    ([path, { block }]) => dirname(path) === dirname(importer) && block.file === file,
  );
  const earlier = named.filter(([, { block }]) => block.line < here.block.line);
  return (earlier.at(-1) ?? named[0])?.[0];
}

function describeError(block: CodeBlock, source: ts.SourceFile, diagnostic: ts.Diagnostic): string {
  const message = ts.flattenDiagnosticMessageText(diagnostic.messageText, '\n  ');
  const { line } = ts.getLineAndCharacterOfPosition(source, diagnostic.start ?? 0);
  const lastLine = block.code.split('\n').length - 1;
  return `${block.page}:${block.line + Math.min(line, lastLine)}: ${message}`;
}
