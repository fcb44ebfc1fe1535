// What `npm start` and `npm run demo` call: compiles the library and this application when they changed, and runs it.
import { compile } from './compile.mjs';

const main = compile();
await import(main.href);
