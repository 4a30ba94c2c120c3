import assert from 'node:assert/strict';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { ENTRIES } from '../../../src/cli/explain/entries.ts';
import type { Explanation } from '../../../src/cli/explain/explanation.ts';
import { type Answers, fakeApi, kubeconfig } from '../fake-api.ts';
import { folder, run } from '../run.ts';

const CONFIGURATION = 'GET /apis/admissionregistration.k8s.io/v1/mutatingwebhookconfigurations/rollcall';
const SLICES = 'GET /apis/discovery.k8s.io/v1/namespaces/rollcall-system/endpointslices';
const CREATE = 'POST /api/v1/namespaces/shop/pods';

const service = { namespace: 'rollcall-system', name: 'rollcall' };
const webhooks = (clientConfig: object) => ({
  webhooks: ENTRIES.map((entry) => ({ ...entry, clientConfig })),
});
const annotations = { 'rollcall.dev/inject': 'true', 'rollcall.dev/service': 'db' };
const containers = [{ name: 'app', image: 'app:1' }];

const fine: Answers = {
  'GET /api/v1/namespaces/shop': [200, { metadata: { name: 'shop' } }],
  'GET /api/v1/namespaces/shop/pods/db-0': [
    200,
    { metadata: { name: 'db-0', annotations }, spec: { containers } },
  ],
  [CONFIGURATION]: [200, webhooks({ service, caBundle: 'x' })],
  [SLICES]: [
    200,
    { items: [{ endpoints: [{ conditions: { ready: true } }, { conditions: { ready: false } }] }] },
  ],
  [CREATE]: [201, { spec: { containers, initContainers: [{ name: 'rollcall', args: ['sidecar'] }] } }],
};

/** Of pod/db-0 in the namespace of the context. */
async function explained(t: TestContext, answers: Answers): Promise<Explanation> {
  const directory = await folder(t, {
    config: kubeconfig('fake', await fakeApi(t, { ...fine, ...answers }), 'shop'),
  });
  const { out, err } = await run('explain', [
    'pod/db-0',
    '-o',
    'json',
    '--kubeconfig',
    join(directory, 'config'),
  ]);
  assert.equal(err, '');
  return JSON.parse(out)[0];
}

function rule({ rules }: Explanation, name: string): string {
  const { answer, why } = rules.find((one) => one.rule === name)!;
  return `${answer}: ${why}`;
}

test('the webhook is reachable when endpoints behind its Service are ready', async (t) => {
  const there = await explained(t, {});
  assert.equal(
    rule(there, 'webhook-reachable'),
    'yes: ready endpoints of service rollcall in rollcall-system: 1',
  );
  assert.equal(rule(there, 'webhook-configured').slice(0, 4), 'yes:');
  const gone = await explained(t, { [SLICES]: [200, { items: [] }] });
  assert.match(
    rule(gone, 'webhook-reachable'),
    /^no: ready endpoints .*: 0; see kubectl -n rollcall-system get pods$/,
  );
  const hidden = await explained(t, { [SLICES]: [403, { message: 'no' }] });
  assert.equal(rule(hidden, 'webhook-reachable'), "unknown: its endpoints can't be read (403: no)");
});

test('an entry without a caBundle is not called', async (t) => {
  const explanation = await explained(t, { [CONFIGURATION]: [200, webhooks({ service })] });
  assert.match(
    rule(explanation, 'webhook-configured'),
    /^no: no caBundle yet in pods\.rollcall\.dev and namespaces/,
  );
});

test('the LimitRanges of the namespace count', async (t) => {
  const limits = [{ type: 'Container', max: { memory: '1Mi' } }];
  const answer: Answers = {
    'GET /api/v1/namespaces/shop/limitranges': [200, { items: [{ spec: { limits } }] }],
  };
  const explanation = await explained(t, answer);
  assert.deepEqual([explanation.result, explanation.code], ['deny', 'limit-range']);
});

test('the dry run tells what the rules do not', async (t) => {
  const without = await explained(t, { [CREATE]: [201, { spec: { containers } }] });
  assert.equal(without.result, 'inject');
  assert.match(rule(without, 'dry-run'), /^no: a copy that is created now would not have the sidecar$/);
  assert.match(without.advice[0]!, /rollcall check looks at the installation/);
  const warning = '299 - "rollcall: annotation rollcall.dev/x is not known", 299 - "other"';
  const warned = await explained(t, { [CREATE]: [201, { spec: { containers } }, warning] });
  assert.deepEqual(warned.warnings, ['annotation rollcall.dev/x is not known']);
});
