import { transformFileSync } from '@swc/core';
import { spawnSync } from 'node:child_process';
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  readdirSync,
  rmSync,
  statSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
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
  const built = existsSync(join(root, 'dist', 'index.js'));
  unlessFresh(built, sources, join(root, '.tmp', 'library.compiled'), () => {
    console.log('Building the library …');
    const { status } = spawnSync('npm', ['run', 'build', '--silent'], {
      cwd: root,
      stdio: 'inherit',
      shell: process.platform === 'win32',
    });
    if (status !== 0)
      throw new Error('Expected the library to compile; the messages above say why it does not.');
  });
}

function compileApplication() {
  const sources = files(source);
  unlessFresh(existsSync(join(target, 'main.js')), sources, join(target, '.compiled'), () => {
    rmSync(target, { recursive: true, force: true });
    for (const file of sources) compileFile(file, join(target, file.slice(source.length + 1)));
  });
}

/** Leaves a stamp of the time when the work began: what is changed meanwhile, or fails, is done again next time. */
function unlessFresh(done, sources, stamp, work) {
  const began = new Date();
  if (done && existsSync(stamp) && sources.every((file) => statSync(file).mtimeMs < statSync(stamp).mtimeMs))
    return;
  work();
  mkdirSync(dirname(stamp), { recursive: true });
  writeFileSync(stamp, '');
  utimesSync(stamp, began, began);
}

function compileFile(file, output) {
  mkdirSync(dirname(output), { recursive: true });
  if (/\.(json|html|js|css|svg)$/.test(file)) copyFileSync(file, output);
  if (file.endsWith('.ts'))
    writeFileSync(output.replace(/\.ts$/, '.js'), transformFileSync(file, SWC_OPTIONS).code);
}

function files(folder) {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name));
}
