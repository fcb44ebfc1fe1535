// @ts-check
// Packs the library, installs the tarball into an empty Nest application and runs that, as ESM and with require().
// What passes here works at a user's, whatever the source tree around the library holds.
import { execFileSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('../..', import.meta.url));
/** @type {Record<string, string>} */
const pins = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')).devDependencies;
const PACKAGES = [
  '@nestjs/common',
  '@nestjs/core',
  '@nestjs/typeorm',
  '@types/node',
  'libsql',
  'reflect-metadata',
  'rxjs',
  'typeorm',
  'typescript',
];
/** Needed by what only some applications use, and not there until the others have run. */
const OPTIONAL_PACKAGES = ['class-transformer', 'class-validator'];
const NEEDED = [
  'README.md',
  'LICENSE',
  'CHANGELOG.md',
  'dist/index.js',
  'dist/index.d.ts',
  'dist/cli/bin.js',
  'dist/cli/index.js',
  'dist/client/index.js',
  'dist/transports/memory/index.js',
  'dist/client/log.js',
  'docs/README.md',
  'docs/guides/getting-started.md',
];

const folder = mkdtempSync(join(tmpdir(), 'once-package-'));
try {
  const tarball = pack();
  const app = create();
  install(app, PACKAGES, tarball);
  check(app, 'main', 'handled member_joined_1: Ada');
  run(app, 'node_modules/nestjs-once/dist/cli/bin.js', 'Usage: nestjs-once', '--help');
  install(app, OPTIONAL_PACKAGES);
  check(app, 'named-events', 'handled shop.Click at 3');
  check(app, 'without-limiter', 'MISSING_RATE_LIMITER');
  console.log('The packed library works in an empty application, as ESM and with require().');
} finally {
  rmSync(folder, { recursive: true, force: true, maxRetries: 5 });
}

function pack() {
  const [packed] = JSON.parse(
    npm(root, 'pack', '--json', '--pack-destination', folder).replace(/^[^[]*/, ''),
  );
  /** @type {string[]} */
  const paths = packed.files.map((/** @type {{ path: string }} */ file) => file.path);
  const stray = paths.filter(
    (path) => !/^(dist\/.*\.(js|d\.ts)|docs\/.*\.(md|svg)|[A-Z]+(\.md)?|package\.json)$/.test(path),
  );
  if (stray.length > 0) throw new Error(`The tarball holds what nobody needs: ${stray.join(', ')}`);
  for (const needed of NEEDED) {
    if (!paths.includes(needed)) throw new Error(`The tarball lacks ${needed}.`);
  }
  console.log(`Packed ${packed.filename}: ${paths.length} files, ${Math.round(packed.size / 1024)} kB.`);
  return join(folder, packed.filename);
}

function create() {
  const app = join(folder, 'app');
  mkdirSync(app);
  writeFileSync(join(app, 'package.json'), JSON.stringify({ name: 'app', private: true, type: 'module' }));
  return app;
}

/**
 * @param {string} app
 * @param {string[]} names
 * @param {...string} tarballs
 */
function install(app, names, ...tarballs) {
  const packages = names.map((name) => `${name}@${pins[name]}`);
  const quiet = ['--prefer-offline', '--no-audit', '--no-fund', '--loglevel=error'];
  npm(app, 'install', ...quiet, ...tarballs, ...packages);
}

/**
 * One source, compiled to import and to require().
 *
 * @param {string} app
 * @param {string} name
 * @param {string} expected
 */
function check(app, name, expected) {
  const source = join(root, 'test', 'package', 'app');
  cpSync(join(source, 'tsconfig.json'), join(app, 'tsconfig.json'));
  for (const extension of ['ts', 'cts'])
    cpSync(join(source, `${name}.ts`), join(app, `${name}.${extension}`));
  compile(app);
  for (const extension of ['js', 'cjs']) run(app, `${name}.${extension}`, expected);
}

/**
 * With our own declarations checked as well; those of other packages are not ours to judge.
 *
 * @param {string} app
 */
function compile(app) {
  try {
    node(app, 'node_modules/typescript/bin/tsc');
  } catch (error) {
    const output = String(/** @type {{ stdout?: unknown }} */ (error).stdout ?? error);
    const ours = output
      .split('\n')
      .filter((line) => /\(\d+,\d+\): error/.test(line) && !/^node_modules\/(?!nestjs-once\/)/.test(line));
    if (ours.length > 0)
      throw new Error(`The application does not compile:\n${ours.join('\n')}`, { cause: error });
  }
}

/**
 * @param {string} app
 * @param {string} file
 * @param {string} expected
 * @param {...string} args
 */
function run(app, file, expected, ...args) {
  const output = node(app, file, ...args);
  if (!output.includes(expected))
    throw new Error(`${file}: expected it to print "${expected}", got:\n${output}`);
  console.log(`${file}: ${expected}, and the process ended by itself.`);
}

/**
 * @param {string} cwd
 * @param {...string} args
 */
function node(cwd, ...args) {
  // A process that does not end by itself is an error.
  return execFileSync(process.execPath, args, { cwd, encoding: 'utf8', timeout: 120_000 });
}

/**
 * @param {string} cwd
 * @param {...string} args
 */
function npm(cwd, ...args) {
  return execFileSync('npm', args, {
    cwd,
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'inherit'],
    shell: process.platform === 'win32',
  });
}
