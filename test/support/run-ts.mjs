// node test/support/run-ts.mjs <file.ts> [arguments]: runs a TypeScript file of this repository as it is, with
// decorators and their metadata. The file finds its arguments where any script does, from process.argv[2] on.
import { register } from 'node:module';
import { resolve } from 'node:path';
import { pathToFileURL } from 'node:url';

await import('reflect-metadata');
register('./ts-hooks.mjs', import.meta.url);
process.argv.splice(1, 1);
process.argv[1] = resolve(process.argv[1]);
await import(pathToFileURL(process.argv[1]).href);
