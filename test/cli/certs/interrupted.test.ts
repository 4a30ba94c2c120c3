/** A rotation that is interrupted, at each request: it has written nothing, or all that there is to write. */
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { suite, type TestContext, test } from 'node:test';
import { ENTRIES } from '../../../src/cli/explain/entries.ts';
import { BackgroundProcess } from '../../support/background-process.ts';
import { eventually } from '../../support/eventually.ts';
import { kubernetesDouble } from '../../support/kubernetes-double.ts';
import { MAIN } from '../../support/rollcall.ts';
import { pair } from '../../webhook/certificates/pairs.ts';
import { kubeconfig } from '../answering-api.ts';
import { folder } from '../run.ts';

const { cert } = await pair();
const base64 = Buffer.from(cert).toString('base64');
/** The answers by the last part of the path. */
const ANSWERS: Record<string, object> = {
  mutatingwebhookconfigurations: {
    webhooks: ENTRIES.map((entry) => ({ ...entry, clientConfig: { caBundle: base64 } })),
  },
  deployments: { spec: { template: { spec: { containers: [{ args: ['webhook', '--image=x'] }] } } } },
  secrets: {
    metadata: { name: 'rollcall-tls', uid: 'u1', resourceVersion: '7' },
    data: { 'tls.crt': base64, 'ca.crt': base64 },
  },
  pods: { items: [] },
};
/** The configuration twice (its Service names the namespace), Deployment, Secret, pods, and the one that writes. */
const REQUESTS = 6;

/** Rotates, ends the command by the signal at a request, and returns what it had written by then. */
async function interrupted(t: TestContext, at: number, signal: NodeJS.Signals, ...flags: string[]) {
  const api = await kubernetesDouble(t);
  let count = 0;
  api.fault(({ path }) => {
    count += 1;
    if (count === at) return { hang: true };
    const kind = path.split('/').find((part) => part in ANSWERS);
    return { status: 200, body: ANSWERS[kind!] };
  });
  const directory = await folder(t, { config: kubeconfig('fake', api.url) });
  const args = [MAIN, 'certs', 'rotate', '--yes', ...flags, '--kubeconfig', join(directory, 'config')];
  const command = new BackgroundProcess('rollcall certs', process.execPath, args);
  await command.until(`request ${at}`, () => count === at);
  command.signal(signal);
  await eventually('its end', () => command.exited);
  assert.equal(count, at, 'it asks nothing more');
  return {
    output: command.output,
    code: command.exitCode,
    writes: api.requests.filter(({ method }) => method !== 'GET').map(({ method }) => method),
  };
}

suite('a rotation that is interrupted', { concurrency: true }, () => {
  for (let at = 1; at <= REQUESTS; at += 1) {
    test(`at request ${at} says nothing that is not so`, async (t) => {
      const ends = [
        await interrupted(t, at, 'SIGINT'),
        ...(at < REQUESTS ? [] : [await interrupted(t, at, 'SIGKILL', '--now')]),
      ];
      for (const { output, code, writes } of ends) {
        assert.deepEqual(output, []);
        assert.notEqual(code, 0);
        assert.equal(writes.length, at === REQUESTS ? 1 : 0);
      }
    });
  }
});
