import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { stringify } from 'yaml';
import { keys } from '../../../src/inject/annotations.ts';
import type { Pod } from '../../../src/inject/pod.ts';
import { pods } from '../../inject/arbitrary-pods.ts';
import { run } from '../run.ts';
import { CONFIG_MAP, CRON_JOB, DEPLOYMENT, STATEFUL_SET } from './manifests.ts';

async function there(input: string, ...argv: string[]) {
  return run('inject', ['-f', '-', ...argv], { input });
}

async function andBack(input: string, ...argv: string[]) {
  const { out, code } = await there(input, ...argv);
  assert.equal(code, 0);
  return run('uninject', ['-f', '-'], { input: out });
}

test('takes out all that inject put in, to the byte', async () => {
  const streams = [
    STATEFUL_SET,
    `---\n${STATEFUL_SET}`,
    `--- # first\n${CONFIG_MAP}---\n${STATEFUL_SET}---\n${CRON_JOB}---\n${DEPLOYMENT}`,
    `# head\n---\n# Source: chart\n${CRON_JOB}...\n`,
    STATEFUL_SET.replaceAll('\n', '\r\n'),
    STATEFUL_SET.trimEnd(),
    STATEFUL_SET.replace('rollcall.dev/inject: "true"', '$&\n        rollcall.dev/selector: app=db'),
  ];
  for (const stream of streams) assert.equal((await andBack(stream)).out, stream);
});

test('says what it did', async () => {
  const { err, code } = await andBack(`${STATEFUL_SET}---\n${DEPLOYMENT}`);
  assert.equal(code, 0);
  assert.deepEqual(err.trimEnd().split('\n'), [
    'serviceaccount/rollcall-watcher in shop: removed',
    'role/rollcall-watcher in shop: removed',
    'rolebinding/rollcall-inject-rollcall-watcher in shop: removed',
    'statefulset/db in shop: uninjected',
    'deployment/web: unchanged',
  ]);
});

test('leaves alone what others made, also under the same names', async () => {
  const others = [
    'apiVersion: v1\nkind: ServiceAccount\nmetadata:\n  name: rollcall-watcher\n',
    'apiVersion: v1\nkind: ServiceAccount\nmetadata:\n  name: x\n  labels: {app.kubernetes.io/managed-by: rollcall}\n',
    'apiVersion: v1\nkind: ServiceAccount\n',
    // The one that the webhook keeps: all accounts of the namespace are in it.
    'apiVersion: rbac.authorization.k8s.io/v1\nkind: RoleBinding\nmetadata:\n  name: rollcall-watcher\n  labels: {app.kubernetes.io/managed-by: rollcall}\n',
  ].join('---\n');
  assert.equal((await run('uninject', ['-f', '-'], { input: others })).out, others);
});

test('--diff ends as diff does', async () => {
  const clean = await run('uninject', ['--diff', '-f', '-'], { input: STATEFUL_SET });
  assert.deepEqual([clean.out, clean.code], ['', 0]);
  const { out } = await there(STATEFUL_SET);
  const changed = await run('uninject', ['--diff', '-f', '-'], { input: out });
  assert.equal(changed.code, 1);
  assert.match(changed.out, /^--- stdin\n\+\+\+ stdin \(uninjected\)\n/);
});

/** Ways to write the same thing. */
const writers: fc.Arbitrary<(value: unknown) => string> = fc.constantFrom(
  (value: unknown) => JSON.stringify(value),
  (value: unknown) => `${JSON.stringify(value, null, 2)}\n`,
  (value: unknown) => stringify(value),
  (value: unknown) => stringify(value, { indentSeq: false, defaultStringType: 'QUOTE_SINGLE' }),
  (value: unknown) => stringify(value, { indent: 4, lineWidth: 40, defaultStringType: 'QUOTE_DOUBLE' }),
  (value: unknown) => stringify(value, { collectionStyle: 'flow', lineWidth: 60 }),
  (value: unknown) => commented(stringify(value, { blockQuote: false })),
);

/** A comment after each line, and one between. */
function commented(text: string): string {
  return text.replace(/^( *)(.*[:\w"}\]])\n/gm, '$1# above\n$1$2 # beside\n');
}

const wrappers: fc.Arbitrary<(pod: Pod) => unknown> = fc.constantFrom(
  (pod: Pod) => ({ apiVersion: 'v1', kind: 'Pod', ...pod }),
  (template: Pod) => ({
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: { name: 'web' },
    spec: { template },
  }),
  (template: Pod) => ({
    apiVersion: 'apps/v1',
    kind: 'StatefulSet',
    metadata: { name: 'db', namespace: 'shop' },
    spec: { template, serviceName: 'db' },
  }),
  (template: Pod) => ({
    apiVersion: 'batch/v1',
    kind: 'CronJob',
    metadata: { name: 'tidy' },
    spec: { jobTemplate: { spec: { template } }, schedule: '@daily' },
  }),
);

/** Nothing of ours is in it before, which would be taken out, too; nor a token, which only comes back when it runs. */
function isClean({ metadata, spec }: Pod): boolean {
  const names = [...spec.containers, ...(spec.initContainers ?? []), ...(spec.volumes ?? [])].map(
    ({ name }) => name,
  );
  return (
    !names.some((name) => /^(rollcall|kube-api-access)/.test(name)) &&
    metadata?.annotations?.[keys.status.key] === undefined
  );
}

test('there and back again is the same text, whatever the workload and however written', async () => {
  let injected = 0;
  await fc.assert(
    fc.asyncProperty(pods.filter(isClean), wrappers, writers, async (pod, wrap, write) => {
      const text = write(wrap(pod));
      const { out, err, code } = await there(text);
      if (code !== 0 || !/: injected$/m.test(err)) return;
      injected += 1;
      assert.doesNotMatch(err, /written anew/);
      const back = await run('uninject', ['-f', '-'], { input: out });
      assert.equal(back.out, text);
    }),
    { numRuns: 60 },
  );
  assert.ok(injected > 20, `only ${injected} were injected`);
});
