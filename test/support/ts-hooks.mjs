// Module hooks that let Node import the repository's TypeScript; registered by run-ts.mjs.
import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir, readFile, rename, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const CACHE = join(tmpdir(), 'nestjs-once-compiled');

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

const PACKAGE = {
  'nestjs-once': new URL('../../lib/index.ts', import.meta.url).href,
  'nestjs-once/cli': new URL('../../lib/cli/index.ts', import.meta.url).href,
  'nestjs-once/memory': new URL('../../lib/transports/memory/index.ts', import.meta.url).href,
  'nestjs-once/testing': new URL('../../lib/testing/index.ts', import.meta.url).href,
  'nestjs-once/terminus': new URL('../../lib/terminus/index.ts', import.meta.url).href,
};

export async function resolve(specifier, context, next) {
  if (PACKAGE[specifier]) return next(PACKAGE[specifier], context);
  // TypeScript's imports name the .js that the .ts will become.
  if (/^\.{1,2}\/.*\.js$/.test(specifier) && context.parentURL?.endsWith('.ts')) {
    const source = new URL(specifier.replace(/\.js$/, '.ts'), context.parentURL);
    if (existsSync(source)) return next(source.href, context);
  }
  return next(specifier, context);
}

export async function load(url, context, next) {
  if (!url.startsWith('file:') || !url.endsWith('.ts') || url.includes('/node_modules/'))
    return next(url, context);
  const filename = fileURLToPath(url);
  return { format: 'module', source: await compiled(filename), shortCircuit: true };
}

/** Kept beside the temporary files: a test starts many processes that run the same files. */
async function compiled(filename) {
  const source = await readFile(filename, 'utf8');
  const kept = join(CACHE, createHash('sha1').update(filename).update(source).digest('hex'));
  try {
    return await readFile(kept, 'utf8');
  } catch {
    const { transform } = await import('@swc/core');
    const { code } = await transform(source, { ...SWC_OPTIONS, filename });
    await mkdir(CACHE, { recursive: true });
    // Renamed into place, since several processes may be compiling the same file.
    await writeFile(`${kept}.${process.pid}`, code);
    await rename(`${kept}.${process.pid}`, kept);
    return code;
  }
}
