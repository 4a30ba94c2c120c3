/** The webhook under its real memory limit, while a pod of the cluster sends it all that it takes, and more. */

import assert from 'node:assert/strict';
import { before, suite, test } from 'node:test';
import { HUNG_MS, RECOVERY_MS } from '../support/deadlines.ts';
import { eventually } from '../support/eventually.ts';
import { headlessService, INJECT, idlePod, podSpec } from './app.ts';
import { apply, get, kubectl, namespace, SYSTEM_NAMESPACE, tryKubectl } from './kubernetes.ts';

const NAMESPACE = 'e2e-memory';
const SECONDS = 20;

/**
 * Bodies just under the longest that is read, of as many values as are parsed, many at a time and whole or
 * never finished; and connections that say nothing after their handshake. Prints what was answered.
 */
const FLOOD = `
const https = require('node:https');
const tls = require('node:tls');
const host = 'rollcall.${SYSTEM_NAMESPACE}.svc';
const until = Date.now() + ${SECONDS} * 1000;
const answers = {};
const count = (what) => { answers[what] = (answers[what] ?? 0) + 1; };
const annotations = Object.fromEntries(Array.from({ length: 900 }, (_, i) => ['a' + i, 'x'.repeat(3000)]));
const containers = [{ name: 'app', image: 'app', env: Array.from({ length: 25000 }, () => ({ name: 'A', value: '' })) }];
const review = (object) => JSON.stringify({
  apiVersion: 'admission.k8s.io/v1', kind: 'AdmissionReview',
  request: { uid: 'u', kind: { group: '', version: 'v1', kind: 'Pod' }, operation: 'CREATE', namespace: '${NAMESPACE}', object },
});
const bodies = [
  review({ metadata: { annotations }, spec: { containers: [{ name: 'app', image: 'app' }] } }),
  review({ metadata: {}, spec: { containers } }),
].map((text) => Buffer.from(text));
const post = (body, whole) => new Promise((resolve) => {
  const headers = { 'content-type': 'application/json', 'content-length': body.length };
  const request = https.request({ host, path: '/mutate', method: 'POST', headers, rejectUnauthorized: false, agent: false });
  request.on('response', (response) => { count(response.statusCode); response.resume().on('end', resolve).on('error', resolve); });
  request.on('error', () => { count('ended'); resolve(); });
  request.on('close', resolve);
  if (whole) request.end(body); else request.write(body.subarray(0, body.length - 1));
});
const forever = async (work) => { while (Date.now() < until) await work(); };
for (let i = 0; i < 12; i += 1) forever(() => post(bodies[i % 2], i % 3 !== 0));
for (let i = 0; i < 300; i += 1) forever(() => new Promise((resolve) => {
  const socket = tls.connect({ host, port: 443, rejectUnauthorized: false });
  socket.on('error', resolve).on('close', resolve);
  setTimeout(() => socket.destroy(), 5000);
}));
setTimeout(() => { console.log(JSON.stringify(answers)); process.exit(0); }, ${SECONDS + 8} * 1000);
`;

suite('memory of the webhook', { timeout: HUNG_MS }, () => {
  before(async () => {
    await namespace(NAMESPACE);
    await apply(headlessService(NAMESPACE));
  });

  /** Returns the restarts of each replica, which say whether it was ever ended. */
  const restarts = async (): Promise<Record<string, number>> => {
    const { items } = await get('pods', `--namespace=${SYSTEM_NAMESPACE}`);
    return Object.fromEntries(
      items.map(({ metadata, status }: { metadata: { name: string }; status: never }) => [
        metadata.name,
        (status as { containerStatuses: { restartCount: number }[] }).containerStatuses[0]!.restartCount,
      ]),
    );
  };

  test('the limit holds all that a stranger can make it take, and honest pods are admitted all the time', async () => {
    const before = await restarts();
    const flood = { ...podSpec(['node', '--eval', FLOOD]), restartPolicy: 'Never' };
    const metadata = { name: 'flood', namespace: NAMESPACE };
    await apply({ apiVersion: 'v1', kind: 'Pod', metadata, spec: flood });
    const phase = async () => (await get('pod', 'flood', `--namespace=${NAMESPACE}`)).status.phase;
    await eventually('the flood', async () => (await phase()) === 'Running', { timeoutMs: RECOVERY_MS });
    const honest = JSON.stringify(idlePod(NAMESPACE, 'honest', INJECT));
    let admitted = 0;
    const refused: string[] = [];
    for (let ended = false; !ended; ended = (await phase()) !== 'Running') {
      const { code, stderr } = await tryKubectl(['create', '--dry-run=server', '--filename=-'], {
        input: honest,
      });
      if (code === 0) admitted += 1;
      else refused.push(stderr);
    }
    assert.deepEqual(refused, []);
    // On a slow machine kubectl alone takes seconds.
    assert.ok(admitted >= 2, `${admitted} pods in ${SECONDS} s`);
    assert.deepEqual(await restarts(), before, 'no replica was ended');
    const answers = JSON.parse(await kubectl('logs', 'flood', `--namespace=${NAMESPACE}`)) as Record<
      string,
      number
    >;
    const total = Object.values(answers).reduce((sum, one) => sum + one, 0);
    assert.ok(total > 50, `the flood was one: ${JSON.stringify(answers)}`);
  });
});
