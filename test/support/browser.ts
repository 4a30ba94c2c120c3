/** A browser, where the machine has one: playwright-core drives it, and downloads none. */
import { existsSync } from 'node:fs';
import type { Browser } from 'playwright-core';

/** Where a Chromium is, as Debian, Ubuntu and Google install it. */
const PLACES = ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome'] as const;

/** The program that runs: what CHROMIUM says, or the first one that is there. */
const CHROMIUM = process.env.CHROMIUM || PLACES.find((path) => existsSync(path));

/** Why there is no browser; false where there is one, as `skip` of a test wants it. */
export function missingBrowser(): string | false {
  if (CHROMIUM === undefined) return `no Chromium at ${PLACES.join(', ')}: install it, or set CHROMIUM`;
  return existsSync(CHROMIUM) ? false : `no Chromium at ${CHROMIUM}, which CHROMIUM names`;
}

/**
 * Starts the browser without a window. It takes half a second, so that the tests of a file share one. To it every name
 * under `.example` is one of this machine, as a name is that somebody else's DNS leads here.
 */
export async function launch(): Promise<Browser> {
  const { chromium } = await import('playwright-core');
  // In a container there is neither a user namespace for its sandbox nor a large /dev/shm; it opens our own page only.
  const args = ['--no-sandbox', '--disable-dev-shm-usage', '--host-resolver-rules=MAP *.example 127.0.0.1'];
  return chromium.launch({ executablePath: CHROMIUM!, args });
}
