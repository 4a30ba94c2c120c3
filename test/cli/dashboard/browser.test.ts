/** The page in a real browser, where the machine has one. Screenshots go to ROLLCALL_SCREENSHOTS, where it is set. */
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { suite, type TestContext, test } from 'node:test';
import type { Page } from 'playwright-core';
import { launch, missingBrowser } from '../../support/browser.ts';
import { eventually } from '../../support/eventually.ts';
import { type Shop, shop } from './shop.ts';

const GROUP = `#group=${encodeURIComponent('shop/service/db')}`;

/** Waits for a script to be true; the browser itself may not wait for one, since the page lets no text be run. */
const until = (page: Page, script: string) =>
  eventually(script, () => page.evaluate<boolean>(script), { timeoutMs: 20_000, everyMs: 50 });

/** Whether some element of the selector has this text. */
const shows = (selector: string, text: string) =>
  `[...document.querySelectorAll(${JSON.stringify(selector)})].some((one) => one.textContent.includes(${JSON.stringify(text)}))`;

suite('the page in a browser', { skip: missingBrowser() }, () => {
  /** A page at this place, which must ask nobody else for anything, and complain of nothing. */
  async function open(t: TestContext, { url }: Shop, place: string): Promise<Page> {
    const browser = await launch();
    t.after(() => browser.close());
    const page = await browser.newPage({ viewport: { width: 1280, height: 900 } });
    const complaints: string[] = [];
    page.on('console', (message) => {
      if (message.type() !== 'log') complaints.push(message.text());
    });
    page.on('pageerror', (error) => complaints.push(error.message));
    page.on('request', (request) => {
      if (!request.url().startsWith(url)) complaints.push(`asked for ${request.url()}`);
    });
    t.after(() => assert.deepEqual(complaints, []));
    await page.goto(url + place);
    return page;
  }

  async function screenshots(page: Page, name: string, fullPage = true): Promise<void> {
    const folder = process.env.ROLLCALL_SCREENSHOTS;
    if (folder === undefined) return;
    for (const colorScheme of ['light', 'dark'] as const) {
      await page.emulateMedia({ colorScheme });
      await page.screenshot({ path: join(folder, `${name}-${colorScheme}.png`), fullPage });
    }
  }

  test('shows who sees whom, and a pod that is deleted, and who has not heard of it', async (t) => {
    const names = ['db-0', 'db-1', 'db-2', 'db-3', 'db-4'];
    const cluster = await shop(t, names);
    const page = await open(t, cluster, GROUP);
    await until(page, shows('#standings .badge', 'same'));
    const left = names.slice(0, 4);
    for (const name of left) cluster.views.set(name, { sees: left, revision: 2 });
    cluster.views.set('db-1', { sees: names, stale: 'disconnected' });
    cluster.members(...left);
    cluster.remove('db-4');
    await until(page, shows('#timeline li', 'db-4 left the group'));
    await until(page, shows('tr[data-pod=db-1] td', 'stale (disconnected)'));
    const seen = `document.querySelector('tr[data-pod=db-1] td.wrong span')?.getAttribute('aria-label')`;
    await until(page, `${seen} === 'it sees db-4 as ready, which is gone'`);
    assert.equal(await page.evaluate(`document.querySelector('tr[data-pod=db-4]')`), null);
    await until(page, shows('#timeline li', 'db-1 its sidecar is stale'));
    await until(page, `document.querySelectorAll('#sees .bad').length === 1`);
    await screenshots(page, 'group');
  });

  test('says why pods have no sidecar, and is operated by the keyboard', async (t) => {
    const cluster = await shop(t, ['db-0', 'db-1']);
    const containers = [{ name: 'app', image: 'app:1' }];
    cluster.add('without-a-group', { spec: { containers } });
    cluster.add('too-early', { spec: { containers, subdomain: 'db' } });
    const page = await open(t, cluster, '');
    await until(page, shows('#pods td', 'skipped (no-service)'));
    await until(page, shows('#pods td', 'missed'));
    await screenshots(page, 'pods');
    await page.keyboard.press('/');
    assert.equal(await page.evaluate('document.activeElement.id'), 'find');
    await page.keyboard.type('service/db');
    await until(page, `document.querySelectorAll('#places li').length === 2`);
    await page.keyboard.press('ArrowDown');
    await page.keyboard.press('ArrowDown');
    await page.keyboard.press('Enter');
    await until(page, shows('#group-title', 'service/db in shop'));
    await until(page, shows('#standings .badge', 'same'));
    assert.equal(
      await page.evaluate(`document.activeElement.getAttribute('aria-current')`),
      'page',
      'focus stays',
    );
  });

  test('a change among 1,000 pods touches its own row, and is drawn soon', async (t) => {
    const names = Array.from({ length: 1000 }, (_, index) => `db-${index}`);
    const cluster = await shop(t, names);
    const page = await open(t, cluster, GROUP);
    await until(page, `document.querySelectorAll('#pods tr').length === 1000`);
    await page.evaluate(`document.querySelectorAll('#pods tr').forEach((row) => { row.old = true; })`);
    const began = performance.now();
    cluster.members(...names.slice(0, -1));
    cluster.remove('db-999');
    await until(page, `document.querySelectorAll('#pods tr').length === 999`);
    t.diagnostic(`drawn after ${(performance.now() - began).toFixed(0)} ms`);
    assert.equal(
      await page.evaluate(`[...document.querySelectorAll('#pods tr')].every((row) => row.old)`),
      true,
    );
    const frame = `new Promise((resolve) => { const began = performance.now(); requestAnimationFrame(() => requestAnimationFrame(() => resolve(performance.now() - began))); })`;
    const took = await eventually('a frame', () => page.evaluate<number>(frame));
    t.diagnostic(`two frames take ${took.toFixed(0)} ms meanwhile`);
    await screenshots(page, 'large', false);
  });
});
