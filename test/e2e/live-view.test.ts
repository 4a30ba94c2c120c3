/** Who sees whom, shown while a pod is deleted and a sidecar can't hear of it. */

import assert from 'node:assert/strict';
import { join } from 'node:path';
import { suite, type TestContext, test } from 'node:test';
import { Page } from '../cli/dashboard/shop.ts';
import { BackgroundProcess } from '../support/background-process.ts';
import { launch, missingBrowser } from '../support/browser.ts';
import { HUNG_MS, RECOVERY_MS } from '../support/deadlines.ts';
import { eventually } from '../support/eventually.ts';
import { MAIN } from '../support/rollcall.ts';
import { headlessService, RESTRICTED, SERVICE, streamingPod } from './app.ts';
import { apply, get, kubectl, namespace } from './kubernetes.ts';
import { cutOff, heal, skipWithoutNode } from './partition.ts';

const NAME = 'e2e-live-view';
const GROUP = `${NAME}/service/${SERVICE}`;
const PODS = ['cut-off', 'leaver', 'witness'];
const OFTEN = { timeoutMs: RECOVERY_MS, everyMs: 100 };
/** TCP keepalive notices within 16 s, and the page asks every 2 s; a watch that is silent is given up after 90 s only. */
const NOTICED = { timeoutMs: 75_000, everyMs: 100 };

suite('the live view', { timeout: HUNG_MS, skip: skipWithoutNode }, () => {
  const cli = (t: TestContext, ...args: string[]) => {
    const program = new BackgroundProcess(`rollcall ${args[0]}`, process.execPath, [
      MAIN,
      ...args,
      `--namespace=${NAME}`,
    ]);
    t.after(() => program.kill());
    return program;
  };
  const says = (program: BackgroundProcess, what: RegExp) =>
    eventually(`${what} from ${program.name}`, () => program.output.some((line) => what.test(line)), OFTEN);

  test('a deleted pod, and a sidecar that can not hear of it, stale', async (t) => {
    await namespace(NAME, RESTRICTED);
    t.after(() => kubectl('delete', 'namespace', NAME, '--wait=false'));
    await apply(headlessService(NAME), ...PODS.map((pod) => streamingPod(NAME, pod)));
    await kubectl(
      'wait',
      ...PODS.map((pod) => `pod/${pod}`),
      '--for=condition=Ready',
      '--timeout=180s',
      `--namespace=${NAME}`,
    );
    const { status } = await get('pod', 'cut-off', `--namespace=${NAME}`);
    const [dashboard, service, pod] = [
      cli(t, 'dashboard'),
      cli(t, 'watch', `service/${SERVICE}`, '--output=json'),
      cli(t, 'watch', 'pod/cut-off'),
    ];
    const url = await eventually(
      'an address',
      () => dashboard.output.find((line) => line.startsWith('http://')),
      OFTEN,
    );
    const page = await Page.open(t, url, GROUP);
    const view = (name: string) => page.row('views', `${GROUP} ${NAME}/${name}`);
    await eventually('the same view in all', () => PODS.every((name) => view(name)?.state === 'same'), OFTEN);
    await says(pod, / sidecar {2}same /);

    await cutOff(status.podIP);
    try {
      await kubectl('delete', 'pod', 'leaver', '--wait=false', `--namespace=${NAME}`);
      const left = () => page.all('events').some(({ what, name }) => what === 'left' && name === 'leaver');
      await eventually('the departure', left, OFTEN);
      await says(service, /"left":\[\{.*"name":"leaver"/);
      await eventually('that it is behind or stale', () => view('cut-off')?.missed !== undefined, NOTICED);
      await eventually('that it is stale', () => view('cut-off')?.state === 'stale', NOTICED);
      const { reason, sees } = view('cut-off')!;
      assert.equal(reason, 'disconnected');
      assert.ok(
        (sees as { name: string }[]).some(({ name }) => name === 'leaver'),
        'it sees it still',
      );
      await eventually('the witness up to date', () => view('witness')?.state === 'same', NOTICED);
      await says(pod, / sidecar {2}stale /);
      await inBrowser(t, url);
    } finally {
      await heal();
    }
  });
});

/** The same in a browser, where the machine has one. */
async function inBrowser(t: TestContext, url: string): Promise<void> {
  const missing = missingBrowser();
  if (missing !== false) return t.diagnostic(`not looked at in a browser: ${missing}`);
  const browser = await launch();
  t.after(() => browser.close());
  const page = await browser.newPage({ viewport: { width: 1280, height: 800 } });
  await page.goto(`${url}#group=${encodeURIComponent(GROUP)}`);
  const row = `document.querySelector('tr[data-pod=cut-off]')?.textContent.includes('stale')`;
  await eventually('the stale row', () => page.evaluate<boolean>(row), NOTICED);
  const folder = process.env.ROLLCALL_SCREENSHOTS;
  if (folder !== undefined) await page.screenshot({ path: join(folder, 'kind.png'), fullPage: true });
}
