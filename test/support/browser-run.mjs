// @ts-check
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';

/** Where Linux distributions have it. */
const PATHS = ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome'];

/** The browser of this test run, or why there is none. @typedef {{ path?: string, version?: string, missing?: string }} BrowserRun */

/**
 * Finds Chromium; ONCE_CHROMIUM says where it is elsewhere. Throws where ONCE_REQUIRE_BROWSER is set and there is none.
 *
 * @returns {BrowserRun}
 */
export function findBrowser() {
  const { ONCE_CHROMIUM, ONCE_REQUIRE_BROWSER } = process.env;
  const path = ONCE_CHROMIUM ?? PATHS.find((candidate) => existsSync(candidate));
  if (path) return { path, version: versionOf(path) };
  const missing = 'not tested, install Chromium or set ONCE_CHROMIUM';
  if (ONCE_REQUIRE_BROWSER) throw new Error(`ONCE_REQUIRE_BROWSER asks for a browser, but: ${missing}.`);
  return { missing };
}

/** @returns {BrowserRun} what the global setup has found, for the workers and the reporter */
export function browserRun() {
  return JSON.parse(process.env.ONCE_TEST_BROWSER ?? '{"missing":"not looked for"}');
}

/** @param {string} path */
function versionOf(path) {
  const { status, stdout, error } = spawnSync(path, ['--version'], { encoding: 'utf8' });
  // An address that somebody gave and that does not answer is a mistake, not a missing browser.
  if (status !== 0)
    throw new Error(`Cannot run the browser ${path}: ${error?.message ?? `status ${status}`}`);
  return stdout.trim();
}
