#!/usr/bin/env node
import { processIo } from './io.js';
import { runBin } from './run-commands.js';

// What the application has left open, as after a start that failed, keeps no command from its end.
process.exit(await runBin(process.argv.slice(2), processIo()));
