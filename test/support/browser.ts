import { mkdirSync, mkdtempSync, writeFileSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type BrowserContext, chromium } from 'playwright-core';
import { browserRun } from './browser-run.mjs';

const ARGS = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
];

/** A `describe` whose tests need a browser; skipped where there is none, which the end of the test run tells. */
export const describeInBrowser = browserRun().path ? describe : describe.skip;

export interface Browser {
  context: BrowserContext;
  close(): Promise<void>;
}

/** Starts Chromium with a profile of its own. @param preferences of the user, such as whether cookies are blocked */
export async function openBrowser(preferences: object = {}): Promise<Browser> {
  const folder = mkdtempSync(join(tmpdir(), 'once-browser-'));
  mkdirSync(join(folder, 'Default'));
  writeFileSync(join(folder, 'Default', 'Preferences'), JSON.stringify(preferences));
  const context = await chromium.launchPersistentContext(folder, {
    executablePath: browserRun().path!,
    args: ARGS,
  });
  const close = async () => {
    await context.close();
    // Processes of the browser may write until they end.
    await rm(folder, { recursive: true, force: true, maxRetries: 10 });
  };
  return { context, close };
}
