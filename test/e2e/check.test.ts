/** What an operator asks of whole pods: `rollcall check`, and the commands of the runbook that ask a node. */

import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { before, suite, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { PROCESS_METRICS, SIDECAR_METRICS, WEBHOOK_METRICS } from '../../src/metric-table.ts';
import { HUNG_MS } from '../support/deadlines.ts';
import { eventually } from '../support/eventually.ts';
import { described, promised } from '../support/metrics.ts';
import { commandsUnder, filledIn, needsNodes } from '../support/runbook.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';
import { headlessService, INJECT, idlePod, RESTRICTED, streamingPod } from './app.ts';
import { outcome } from './command.ts';
import { apply, get, kubectl, namespace, SYSTEM_NAMESPACE } from './kubernetes.ts';

const NAMESPACE = 'e2e-check';
const MAIN = fileURLToPath(new URL('../../src/main.ts', import.meta.url));
/** No Service of this name is there, so whoever follows it is stale. */
const NOWHERE = { ...INJECT, 'rollcall.dev/service': 'nowhere' };

interface Found {
  name: string;
  status: string;
  code?: string;
  message: string;
}

suite('operating', { timeout: HUNG_MS }, () => {
  before(async () => {
    await namespace(NAMESPACE, RESTRICTED);
    await apply(headlessService(NAMESPACE), streamingPod(NAMESPACE, 'fine'));
    await kubectl('wait', 'pod/fine', '--for=condition=Ready', '--timeout=180s', `--namespace=${NAMESPACE}`);
  });

  const check = async (): Promise<Record<string, Found>> => {
    const { stdout } = await outcome(process.execPath, [MAIN, 'check', '-n', NAMESPACE, '-o', 'json']);
    return Object.fromEntries((JSON.parse(stdout).checks as Found[]).map((one) => [one.name, one]));
  };

  test('check finds nothing wrong, and has asked each sidecar', async () => {
    await eventually('all is well', async () => {
      const found = Object.values(await check());
      return found.every(({ status }) => status !== 'fail');
    });
    const found = await check();
    assert.equal(found['stale-sidecars']!.status, 'ok', found['stale-sidecars']!.message);
    assert.match(found['stale-sidecars']!.message, /^of all \d+ sidecars, each follows its group$/);
  });

  test('the commands of the runbook that ask a node', async (t) => {
    const directory = await temporaryFolder(t);
    const { items } = await get('pods', `--namespace=${SYSTEM_NAMESPACE}`);
    const replica = items.find(
      (pod: { metadata: { labels: Record<string, string> } }) =>
        pod.metadata.labels['app.kubernetes.io/name'] === 'rollcall',
    );
    const commands = [...commandsUnder('What to capture'), ...commandsUnder('RollcallSidecarsStale')];
    for (const command of commands.filter(needsNodes)) {
      if (command.includes('--previous')) {
        t.diagnostic(`not run, since no replica has ended: ${command}`);
        continue;
      }
      const ofWebhook = command.includes(SYSTEM_NAMESPACE);
      const names = { NAMESPACE, POD: ofWebhook ? replica.metadata.name : 'fine' };
      const { code, stderr } = await outcome('bash', ['-c', `cd ${directory}; ${filledIn(command, names)}`]);
      assert.equal(code, 0, `${command}: ${stderr}`);
    }
    const text = (name: string) => readFile(join(directory, name), 'utf8');
    assert.deepEqual(
      described(await text(`${replica.metadata.name}-metrics.txt`)),
      promised([WEBHOOK_METRICS, PROCESS_METRICS]),
    );
    const {
      notifySent,
      notifyFailures,
      notifyTooLarge,
      hookRuns,
      hookFailures,
      hookTimeouts,
      expectedFailures,
    } = SIDECAR_METRICS;
    assert.deepEqual(
      described(await text('fine-metrics.txt')),
      promised(
        [SIDECAR_METRICS, PROCESS_METRICS],
        [notifySent, notifyFailures, notifyTooLarge, hookRuns, hookFailures, hookTimeouts, expectedFailures],
      ),
    );
  });

  test('a sidecar that is stale is found, through the API server', async () => {
    await apply(idlePod(NAMESPACE, 'stale', NOWHERE));
    const found = await eventually('word of it', async () => {
      const one = (await check())['stale-sidecars']!;
      return one.status === 'fail' && one;
    });
    assert.equal(found.code, 'sidecars-stale');
    assert.match(found.message, /e2e-check\/stale$/);
    await kubectl('delete', 'pod/stale', '--wait=false', `--namespace=${NAMESPACE}`);
  });
});
