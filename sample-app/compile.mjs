import { transformFileSync } from '@swc/core';
import { execFileSync } from 'node:child_process';
import { copyFileSync, existsSync, mkdirSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));
const source = join(root, 'sample-app');
// Inside the package, so that the application finds the library by its name, and outside of what tsc looks at.
const target = join(root, '.tmp', 'sample-app');

const SWC_OPTIONS = {
  swcrc: false,
  sourceMaps: 'inline',
  jsc: {
    target: 'es2022',
    keepClassNames: true,
    parser: { syntax: 'typescript', decorators: true },
    transform: { legacyDecorator: true, decoratorMetadata: true, useDefineForClassFields: false },
  },
  module: { type: 'es6' },
};

/** Compiles what is newer than its output; gives the URL of the application's main module. */
export function compile() {
  compileLibrary();
  compileApplication();
  return new URL('../.tmp/sample-app/main.js', import.meta.url);
}

function compileLibrary() {
  const sources = [
    ...files(join(root, 'lib')),
    join(root, 'tsconfig.json'),
    join(root, 'tsconfig.build.json'),
  ];
  if (!isStale(sources, join(root, 'dist', 'index.js'))) return;
  console.log('Building the library …');
  const nest = join(root, 'node_modules', '@nestjs', 'cli', 'bin', 'nest.js');
  execFileSync(process.execPath, [nest, 'build'], { cwd: root, stdio: 'inherit' });
}

function compileApplication() {
  const sources = files(source);
  const stamp = join(target, '.compiled');
  if (!isStale(sources, stamp)) return;
  rmSync(target, { recursive: true, force: true });
  for (const file of sources) compileFile(file, join(target, file.slice(source.length + 1)));
  writeFileSync(stamp, '');
}

function compileFile(file, output) {
  mkdirSync(dirname(output), { recursive: true });
  if (file.endsWith('.json')) copyFileSync(file, output);
  if (file.endsWith('.ts'))
    writeFileSync(output.replace(/\.ts$/, '.js'), transformFileSync(file, SWC_OPTIONS).code);
}

function files(folder) {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name));
}

function isStale(sources, output) {
  if (!existsSync(output)) return true;
  const built = statSync(output).mtimeMs;
  return sources.some((file) => statSync(file).mtimeMs > built);
}
