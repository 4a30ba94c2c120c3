/** A browser, where the machine has one: playwright-core drives it, and downloads none. */
import { existsSync } from 'node:fs';
import type { Browser } from 'playwright-core';

/** The paths at which Debian, Ubuntu and Google install Chromium. */
const PLACES = ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome'] as const;

/** The program that runs: what CHROMIUM says, or the first one that is there. */
const CHROMIUM = process.env.CHROMIUM || PLACES.find((path) => existsSync(path));

/** Returns the option `skip` of a test: why there is no browser, or false where there is one. */
export function missingBrowser(): string | false {
  if (CHROMIUM === undefined) return `no Chromium at ${PLACES.join(', ')}: install it, or set CHROMIUM`;
  return existsSync(CHROMIUM) ? false : `no Chromium at ${CHROMIUM}, which CHROMIUM names`;
}

/**
 * Starts the browser without a window. It takes half a second, so that the tests of a file share one. To it, every name
 * under `.example` is a name of this machine, as is a name that the DNS of an attacker resolves to this machine.
 */
export async function launch(): Promise<Browser> {
  const { chromium } = await import('playwright-core');
  // In a container there is neither a user namespace for its sandbox nor a large /dev/shm; it opens our own page only.
  const args = ['--no-sandbox', '--disable-dev-shm-usage', '--host-resolver-rules=MAP *.example 127.0.0.1'];
  return chromium.launch({ executablePath: CHROMIUM!, args });
}
