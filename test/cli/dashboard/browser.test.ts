/**
 * The page in a real browser, where the machine has one. The pictures of docs/live-view.md are made here, by
 * `npm run golden`. Screenshots go to ROLLCALL_SCREENSHOTS, where it is set.
 */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { readFile, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { after, before, suite, type TestContext, test } from 'node:test';
import type { Browser, Page } from 'playwright-core';
import { contentOf, drawn } from '../../docs/page-picture.ts';
import { launch, missingBrowser } from '../../support/browser.ts';
import { eventually } from '../../support/eventually.ts';
import { type Line, layoutOf } from '../../support/page-layout.ts';
import { contrast } from './contrast.ts';
import { type Shop, shop } from './shop.ts';

const GROUP = `#group=${encodeURIComponent('shop/service/db')}`;

/** Whether `npm run golden` runs this file, which then draws the pictures anew. */
const IS_GOLDEN = process.execArgv.includes('--test-update-snapshots');

/** Waits for a script to be true; the browser itself may not wait for one, since the page lets no text be run. */
const until = (page: Page, script: string) =>
  eventually(script, () => page.evaluate<boolean>(script), { timeoutMs: 20_000, everyMs: 50 });

/** Whether some element of the selector has this text. */
const shows = (selector: string, text: string) =>
  `[...document.querySelectorAll(${JSON.stringify(selector)})].some((one) => one.textContent.includes(${JSON.stringify(text)}))`;

/** Before the page runs: keeps the streams that it opens, so that a test can stop what comes from them. */
const KEEP_STREAMS = `{
  const Native = EventSource;
  globalThis.streams = [];
  globalThis.EventSource = class extends Native {
    constructor(...given) { super(...given); globalThis.streams.push(this); }
  };
}`;

/** Stops the page, and gives fixed times to what else differs with each run. */
const SETTLE = `{
  for (const stream of globalThis.streams) stream.onmessage = null;
  const set = (selector, texts) => document.querySelectorAll(selector).forEach((element, index) => {
    element.removeAttribute('data-since');
    element.textContent = texts[index % texts.length];
  });
  set('#timeline time', ['14:03:25', '14:03:09']);
  set('#sees .number:nth-last-child(2) [data-since]', ['21s', '2s']);
  set('#sees .number:last-child [data-since]', ['1s', '19s', '2s', '0s']);
  set('#pods .number:nth-last-child(2)', ['3d', '6h']);
}`;

suite('the page in a browser', { skip: missingBrowser() }, () => {
  let browser: Browser;
  before(async () => {
    browser = await launch();
  });
  after(() => browser?.close());

  /** A page at this place, which must ask nobody else for anything, and complain of nothing. */
  async function open(t: TestContext, { url }: Shop, place: string, width = 1280): Promise<Page> {
    const page = await browser.newPage({ viewport: { width, height: 900 } });
    const complaints: string[] = [];
    page.on('console', (message) => {
      if (message.type() !== 'log') complaints.push(message.text());
    });
    page.on('pageerror', (error) => complaints.push(error.message));
    page.on('request', (request) => {
      if (!request.url().startsWith(url)) complaints.push(`asked for ${request.url()}`);
    });
    t.after(async () => {
      await page.close();
      assert.deepEqual(complaints, []);
    });
    await page.addInitScript(KEEP_STREAMS);
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

  /** The picture of the docs, from the top of the page to the end of an element. */
  async function picture(page: Page, name: string, title: string, end: string): Promise<void> {
    await page.evaluate(SETTLE);
    const { y, height } = (await page.locator(end).boundingBox())!;
    const svg = await drawn(page, { width: 1280, height: Math.ceil(y + height) + 24, title });
    const file = new URL(`../../../docs/pictures/${name}.svg`, import.meta.url);
    if (IS_GOLDEN) return writeFile(file, svg);
    const committed = contentOf(await readFile(file, 'utf8'));
    assert.deepEqual(contentOf(svg), committed, `docs/pictures/${name}.svg is old: npm run golden draws it`);
  }

  test('shows who sees whom, and a pod that is deleted, and who has not heard of it', async (t) => {
    const names = ['db-0', 'db-1', 'db-2', 'db-3', 'db-4', 'db-5'];
    const cluster = await shop(t, names);
    const page = await open(t, cluster, GROUP);
    await until(page, shows('#standings .badge', 'same'));
    const left = names.slice(0, 5);
    for (const name of left) cluster.views.set(name, { sees: left, revision: 9 });
    cluster.views.set('db-1', { sees: names, revision: 8, stale: 'disconnected' });
    cluster.views.set('db-3', { sees: names, revision: 8 });
    cluster.views.delete('db-2');
    cluster.members(...left);
    cluster.remove('db-5');
    await until(page, shows('#timeline li', 'db-5 left the group'));
    await until(page, shows('tr[data-pod=db-1] td', 'stale (disconnected)'));
    const seen = `document.querySelector('tr[data-pod=db-1] td.wrong span')?.getAttribute('aria-label')`;
    await until(page, `${seen} === 'it sees db-5 as ready, which is gone'`);
    assert.equal(await page.evaluate(`document.querySelector('tr[data-pod=db-5]')`), null);
    await until(page, shows('tr[data-pod=db-3] td', 'behind'));
    await until(page, shows('tr[data-pod=db-2] td', 'unknown'));
    await until(page, `document.querySelectorAll('#sees tr:not(.trouble) .good .mark').length === 2`);
    await until(page, shows('#timeline li', 'db-1 its sidecar is stale'));
    await until(page, `document.querySelectorAll('#timeline li').length === 2`);
    await screenshots(page, 'group');
    await readable(page);
    await picture(page, 'dashboard-group', 'The dashboard: who sees whom, of a group of five', '#timeline');
  });

  test('says why pods have no sidecar, and is operated by the keyboard', async (t) => {
    const cluster = await shop(t, ['db-0', 'db-1']);
    const containers = [{ name: 'app', image: 'app:1' }];
    const status = { phase: 'Running' };
    cluster.add('without-a-group', { spec: { containers, nodeName: 'node-2' }, status });
    cluster.add('too-early', { spec: { containers, subdomain: 'db', nodeName: 'node-2' }, status });
    const page = await open(t, cluster, '');
    await until(page, shows('#pods td', 'skipped (no-service)'));
    await until(page, shows('#pods td', 'missed'));
    await until(page, shows('#places .group', '2/2 ready'));
    await screenshots(page, 'pods');
    await readable(page);
    await picture(page, 'dashboard-pods', 'The dashboard: which pods have the sidecar, and why', '#pods');
    await page.reload();
    await until(page, shows('#places .group', '2/2 ready'));
    cluster.add(`of-a-long-name-${'x'.repeat(60)}`, {
      spec: { containers, nodeName: `node-${'x'.repeat(58)}` },
    });
    await until(page, shows('#pods th', 'of-a-long-name'));
    const isSeen = `[...document.querySelectorAll('#pods td.why')].every((cell) => cell.getBoundingClientRect().right < innerWidth)`;
    assert.equal(await page.evaluate(isSeen), true, 'the reasons can be read without scrolling');
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

  test('everything is reached by the Tab key, in the order of the page, and shows that it has the focus', async (t) => {
    const cluster = await shop(t, ['db-0', 'db-1']);
    const page = await open(t, cluster, GROUP);
    await until(page, shows('#standings .badge', 'same'));
    const reached: string[] = [];
    const focused = `(() => {
      const { id, textContent } = document.activeElement;
      return [id || textContent, getComputedStyle(document.activeElement).outlineStyle];
    })()`;
    for (let presses = 0; presses < 10; presses++) {
      await page.keyboard.press('Tab');
      const [place, outline] = await page.evaluate<[string, string]>(focused);
      assert.equal(outline, 'solid', place);
      reached.push(place);
    }
    assert.deepEqual(reached, [
      ...['skip', 'Rollcall', 'find', 'other0/0 pods', 'shop2/2 pods', 'service/db2/2 ready'],
      ...['sees-scroll', 'state', 'pod-filter', 'pods-scroll'],
    ]);
    await page.locator('#skip').focus();
    await page.keyboard.press('Enter');
    assert.equal(await page.evaluate('document.activeElement.id'), 'main');
  });

  test('on a narrow screen the members and the reasons are in sight, and the page is not wider', async (t) => {
    const names = ['db-0', 'db-1', 'db-2', `${'a-name-as-long-as-they-get-'.repeat(2)}db-3`];
    const cluster = await shop(t, names);
    cluster.add('without-a-group', { spec: { containers: [{ name: 'app', image: 'app:1' }] } });
    const page = await open(t, cluster, GROUP, 600);
    await until(page, shows('#standings .badge', 'same'));
    const right = (selector: string) =>
      page.evaluate<number>(
        `Math.max(...[...document.querySelectorAll(${JSON.stringify(selector)})].map((one) => one.getBoundingClientRect().right))`,
      );
    assert.ok((await right('#sees td.cell')) <= 600);
    await until(page, shows('#sees th.member', '-they-get-db-3'));
    assert.ok((await right('html')) <= 600);
    assert.equal(await page.evaluate('document.documentElement.scrollWidth'), 600);
    cluster.views.delete('db-0');
    const waiting = 'the application waits for "2 ready" of backends: 1 of 2 ready members of backends';
    cluster.views.set('db-1', { sees: names, waiting });
    await until(page, shows('#sees td.view', '502: no route to host'));
    await until(page, shows('tr[data-pod=db-1] td.view', waiting));
    assert.ok((await right('#sees td.view')) <= 600);
    await screenshots(page, 'narrow-group');
    await page.evaluate(`location.hash = '#all'`);
    await until(page, shows('#pods td', 'skipped (no-service)'));
    assert.ok((await right('#pods td.why')) <= 600);
    await screenshots(page, 'narrow-pods');
  });

  test('no other site reads it, though it knows the address; nor does another name that leads here', async (t) => {
    const cluster = await shop(t, ['db-0']);
    const other = createServer((_request, response) => {
      response.setHeader('content-type', 'text/html').end('<title>another site</title>');
    }).listen(0, '127.0.0.1');
    t.after(() => other.close());
    await once(other, 'listening');
    const { port } = other.address() as AddressInfo;
    const { port: own, pathname } = new URL(cluster.url);
    for (const site of [`http://other.example:${port}`, `http://127.0.0.1:${port}`]) {
      const page = await browser.newPage();
      t.after(() => page.close());
      await page.goto(site);
      const url = JSON.stringify(cluster.url);
      const tried = await page.evaluate(`Promise.all([
        ...['cors', 'no-cors'].map((mode) => fetch(${url} + 'events', { mode }).then(() => 'read', () => 'refused')),
        ...[['script', 'page.js'], ['img', 'icon.svg']].map(([name, file]) => new Promise((resolve) => {
          const element = document.createElement(name);
          Object.assign(element, { src: ${url} + file, onload: () => resolve('read'), onerror: () => resolve('refused') });
          document.head.append(element);
        })),
        new Promise((resolve) => {
          const source = new EventSource(${url} + 'events?group=shop%2Fservice%2Fdb');
          Object.assign(source, { onmessage: () => resolve('read'), onerror: () => resolve('refused') });
        }),
      ])`);
      assert.deepEqual(tried, Array(5).fill('refused'), site);
    }
    const page = await browser.newPage();
    t.after(() => page.close());
    const response = await page.goto(`http://rebound.example:${own}${pathname}`);
    assert.equal(response?.status(), 421);
    assert.doesNotMatch(await page.content(), /page\.js/);
    const looked = cluster.api.requests.filter(({ path }) => path.includes('/proxy/'));
    assert.deepEqual(looked, [], 'for nobody was a sidecar asked');
  });

  test('what stands in objects of the cluster is text, whatever it looks like', async (t) => {
    const cluster = await shop(t, []);
    const annotations = { 'rollcall.dev/inject': '<img src=x onerror=alert(1)>' };
    cluster.add('hostile', {
      metadata: { name: 'hostile', annotations },
      spec: { containers: [{ name: 'app' }] },
    });
    const page = await open(t, cluster, `#ns=${encodeURIComponent('<img src=x>')}`);
    await until(page, shows('#pods-title', 'Pods in <img src=x>'));
    await page.evaluate(`location.hash = '#all'`);
    await until(page, shows('#pods td', '<img src=x onerror=alert(1)>'));
    assert.equal(
      await page.evaluate(`document.querySelectorAll('img, script:not([src="page.js"])').length`),
      0,
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

/** Every text stands out from what is behind it as WCAG AA asks of small text, also under the pointer. */
async function readable(page: Page): Promise<void> {
  await page.locator('#places a').first().hover();
  for (const colorScheme of ['dark', 'light'] as const) {
    await page.emulateMedia({ colorScheme });
    const lines = (await layoutOf(page)).filter((one): one is Line => one.kind === 'line');
    assert.ok(lines.length > 50, `${lines.length} lines`);
    const faint = lines.filter(({ color, behind }) => contrast(color, behind) < 4.5);
    assert.deepEqual(
      faint.map(({ text, color, behind }) => `${text}: ${color} on ${behind}`),
      [],
      colorScheme,
    );
  }
  await page.mouse.move(0, 0);
}
