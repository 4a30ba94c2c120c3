/** A browser, where the machine has one: playwright-core from NODE_PATH or node_modules, and a Chromium. */
import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';

/** As much of playwright-core as is used here; it is not among the dependencies, so its types are not either. */
export interface BrowserPage {
  goto(url: string): Promise<unknown>;
  on(event: 'console' | 'pageerror' | 'request', listener: (given: never) => void): void;
  emulateMedia(options: { colorScheme?: 'light' | 'dark' }): Promise<void>;
  evaluate<T>(script: string): Promise<T>;
  screenshot(options: { path: string; fullPage?: boolean }): Promise<unknown>;
  keyboard: { press(key: string): Promise<void>; type(text: string): Promise<void> };
}

export interface Browser {
  newPage(options?: { viewport: { width: number; height: number } }): Promise<BrowserPage>;
  close(): Promise<void>;
}

const CHROMIUM = process.env.CHROMIUM || '/usr/bin/chromium';

/** Why there is no browser; false where there is one, as `skip` of a test wants it. */
export function missingBrowser(): string | false {
  if (!existsSync(CHROMIUM)) return `no Chromium at ${CHROMIUM}: install it, or set CHROMIUM`;
  try {
    createRequire(import.meta.url).resolve('playwright-core');
    return false;
  } catch {
    return 'playwright-core is not there: npm install it somewhere and set NODE_PATH to its node_modules';
  }
}

export async function launch(): Promise<Browser> {
  const { chromium } = createRequire(import.meta.url)('playwright-core') as {
    chromium: { launch(options: object): Promise<Browser> };
  };
  return chromium.launch({ executablePath: CHROMIUM, args: ['--no-sandbox', '--disable-dev-shm-usage'] });
}
