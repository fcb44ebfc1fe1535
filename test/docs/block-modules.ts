import ts from 'typescript';
import type { CodeBlock } from './markdown-blocks.js';

/** A block as a module of a virtual folder; the line numbers are those of the block. */
export interface BlockModule {
  block: CodeBlock;
  /** File name without folder. */
  name: string;
  text: string;
}

/**
 * The blocks of one page as modules. Each sees what the blocks before it declare or import, and may declare the same
 * names anew, as a reader would understand it.
 */
export function blockModules(blocks: readonly CodeBlock[]): BlockModule[] {
  const visible = new Map<string, string>();
  return blocks.map((block) => {
    const name = `block-${block.line}`;
    const { declared, exported, used } = names(block.code);
    const imports = [...visible].filter(([known]) => used.has(known) && !declared.has(known));
    const appended = [
      ...imports.map(([known, module]) => `import { ${known} } from './${module}.js';`),
      `export { ${[...declared].filter((known) => !exported.has(known)).join(', ')} };`,
    ];
    for (const known of declared) visible.set(known, name);
    // Behind the code, where an import counts as well, so that lines stay what they are.
    return { block, name: `${name}.ts`, text: `${block.code}\n${appended.join(' ')}\n` };
  });
}

interface Names {
  /** Top-level names, imported ones included. */
  declared: Set<string>;
  exported: Set<string>;
  /** Every identifier in the block. */
  used: Set<string>;
}

function names(code: string): Names {
  const source = ts.createSourceFile('block.ts', code, ts.ScriptTarget.ESNext);
  const result: Names = { declared: new Set(), exported: new Set(), used: new Set() };
  for (const statement of source.statements) {
    const declared = declaredNames(statement);
    for (const name of declared) {
      result.declared.add(name);
      if (isExportedByName(statement)) result.exported.add(name);
    }
  }
  collectIdentifiers(source, result.used);
  return result;
}

function isExportedByName(statement: ts.Statement): boolean {
  const kinds = ts.canHaveModifiers(statement)
    ? ts.getModifiers(statement)?.map(({ kind }) => kind)
    : undefined;
  if (!kinds) return false;
  return kinds.includes(ts.SyntaxKind.ExportKeyword) && !kinds.includes(ts.SyntaxKind.DefaultKeyword);
}

function declaredNames(statement: ts.Statement): string[] {
  if (ts.isImportDeclaration(statement)) return importedNames(statement.importClause);
  if (ts.isVariableStatement(statement)) {
    return statement.declarationList.declarations.flatMap(({ name }) => boundNames(name));
  }
  const { name } = statement as ts.DeclarationStatement;
  return name && ts.isIdentifier(name) ? [name.text] : [];
}

function importedNames(clause: ts.ImportClause | undefined): string[] {
  const bindings = clause?.namedBindings;
  const named = bindings && ts.isNamedImports(bindings) ? bindings.elements.map(({ name }) => name.text) : [];
  const all = bindings && ts.isNamespaceImport(bindings) ? [bindings.name.text] : [];
  return [...(clause?.name ? [clause.name.text] : []), ...named, ...all];
}

function boundNames(name: ts.BindingName): string[] {
  if (ts.isIdentifier(name)) return [name.text];
  return name.elements.flatMap((element) => (ts.isBindingElement(element) ? boundNames(element.name) : []));
}

function collectIdentifiers(node: ts.Node, into: Set<string>): void {
  if (ts.isIdentifier(node)) into.add(node.text);
  ts.forEachChild(node, (child) => collectIdentifiers(child, into));
}
