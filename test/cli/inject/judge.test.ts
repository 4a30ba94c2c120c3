/** How the command judges the pods of a text: by who asks, by the Namespaces and LimitRanges of the text, and by its flags. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { misuse } from '../run.ts';
import { inject } from './inject-text.ts';
import { CRON_JOB, DEPLOYMENT, STATEFUL_SET } from './manifests.ts';

const namespace = (extra: string) =>
  `apiVersion: v1\nkind: Namespace\nmetadata:\n  name: shop\n${extra}---\n`;
const silent = CRON_JOB.replace('            rollcall.dev/inject: "true"\n', '');

test('a Namespace of the input says for its pods what it would say in the cluster', async () => {
  const labelled = namespace('  labels: { rollcall.dev/injection: enabled }\n');
  assert.match((await inject(labelled + silent)).err, /^cronjob\/tidy in shop: injected$/m);
  assert.match((await inject(namespace('') + silent)).err, /skipped \(not-opted-in\)/);
  const defaults = namespace('  annotations: { rollcall.dev/wait-for: "7" }\n');
  const { out } = await inject(defaults + CRON_JOB, '--no-access');
  assert.match(out, /name: ROLLCALL_WAIT_FOR\n +value: "7"/);
});

test('a LimitRange of the input bounds the sidecar, as it would in the cluster', async () => {
  const limits = { spec: { limits: [{ type: 'Container', max: { cpu: '200m' } }] } };
  const range = {
    apiVersion: 'v1',
    kind: 'LimitRange',
    metadata: { name: 'small', namespace: 'shop' },
    ...limits,
  };
  const { out } = await inject(`${JSON.stringify(range)}\n---\n${CRON_JOB}`, '--no-access');
  assert.match(out, /limits:\n +cpu: 200m/);
});

test('a Namespace with a range of users leaves the user of the sidecar to OpenShift', async () => {
  const range = '{ openshift.io/sa.scc.uid-range: "1000650000/10000" }';
  const { out } = await inject(namespace(`  annotations: ${range}\n`) + CRON_JOB, '--no-access');
  assert.match(out, /runAsNonRoot: true/);
  assert.doesNotMatch(out, /runAsUser|runAsGroup/);
  assert.match((await inject(CRON_JOB, '--no-access')).out, /runAsUser: 17655/);
});

test('what is no name of an image is refused before it is written into pods', async () => {
  assert.match(
    await misuse('inject', ['-f', '-', '--image', 'Registry/Rollcall']),
    /^--image: "Registry\/Rollcall" is not valid; give the name of an image/,
  );
  assert.match(
    await misuse('inject', ['-f', '-', '--shell-image', 'https://registry.example/a']),
    /^--shell-image: "https:\/\/registry\.example\/a" is not valid; give the name of an image/,
  );
});

test('the image with a shell is that of the image', async () => {
  const hooked = CRON_JOB.replace(
    'rollcall.dev/inject:',
    'rollcall.dev/on-change: /scripts/a\n            rollcall.dev/inject:',
  );
  const { out } = await inject(hooked, '--no-access', '--image', 'mirror.example/rollcall:2');
  assert.match(out, /image: mirror\.example\/rollcall:2-shell/);
  const { err } = await inject(hooked, '--image', `rollcall@sha256:${'a'.repeat(64)}`);
  assert.match(err, /refused \(no-shell-image\)/);
});

test('annotations of others are for others to judge', async () => {
  const foreign = CRON_JOB.replace('rollcall.dev/inject: "true"', 'prometheus.io/port: 9090');
  const { out, code } = await inject(foreign);
  assert.deepEqual([out, code], [foreign, 0]);
});

test('--default is what an installation says', async () => {
  const { out } = await inject(CRON_JOB, '--no-access', '--default', 'rollcall.dev/wait-for=5');
  assert.match(out, /name: ROLLCALL_WAIT_FOR\n +value: "5"/);
  assert.match(
    await misuse('inject', ['-f', '-', '--default', 'cpu']),
    /^--default: "cpu" is not valid; give KEY=VALUE/,
  );
  assert.match(
    await misuse('explain', ['-f', '-', '--default', 'rollcall.dev/cpu-limit=banana']),
    /^--default: "rollcall\.dev\/cpu-limit=banana" is not valid; give a quantity/,
  );
});

test('--all is a label on every namespace: who says no, or has no group, is left alone', async () => {
  const refusing = CRON_JOB.replace('inject: "true"', 'inject: "false"');
  const { err, code } = await inject([silent, refusing, DEPLOYMENT].join('---\n'), '--all');
  const results = err.split('\n').map((line) => line.replace(/:[^:]*$/, ''));
  assert.equal(results[0], 'cronjob/tidy in shop');
  assert.match(err, /skipped \(opted-out\)/);
  assert.match(err, /deployment\/web: skipped \(no-service\)/);
  assert.equal(code, 0);
});

test('a StatefulSet follows its own service', async () => {
  const { out } = await inject(STATEFUL_SET, '--no-access');
  assert.match(out, /name: ROLLCALL_SERVICE\n +value: db/);
  assert.doesNotMatch(out, /subdomain/);
});
