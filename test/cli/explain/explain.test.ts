import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Explanation } from '../../../src/cli/explain/explanation.ts';
import { CONFIG_MAP, CRON_JOB, DEPLOYMENT, STATEFUL_SET } from '../inject/manifests.ts';
import { misuse, run } from '../run.ts';

const explained = (input: string, ...argv: string[]) => run('explain', ['-f', '-', ...argv], { input });

async function asJson(input: string): Promise<Explanation[]> {
  const { out, code } = await explained(input, '--output', 'json');
  assert.equal(code, 0);
  return JSON.parse(out) as Explanation[];
}

const answers = ({ rules }: Explanation) =>
  Object.fromEntries(rules.map(({ rule, answer }) => [rule, answer]));

test('a workload that asks: which rule decides, and every setting with who said it', async () => {
  const { out, err, code } = await explained(
    STATEFUL_SET.replace('inject: "true"', 'inject: "true"\n        rollcall.dev/wait-for: "3"'),
  );
  assert.deepEqual([err, code], ['', 0]);
  const lines = out.split('\n').map((line) => line.replace(/ {2,}/g, '  ').trim());
  assert.deepEqual(lines.slice(0, 10), [
    'a new pod of statefulset/db in shop gets the sidecar',
    'yes  pod-asks  the pod says rollcall.dev/inject: "true"',
    '?  namespace-asks  nothing is known of namespace shop; taken to have no label rollcall.dev/injection',
    "yes  webhook pods.rollcall.dev  called; when it can't be reached, the pod is refused",
    'no  webhook namespaces.rollcall.dev  its namespaceSelector does not match: it wants rollcall.dev/injection=enabled, and there is none',
    'yes  decision  the pod gets the sidecar, for service db by endpointslices',
    'yes  gate  the application waits for "3"; after 50 s it starts all the same',
    'account: rollcall-watcher (scoped)',
    'settings:',
    'rollcall.dev/inject  true (pod)',
  ]);
  assert.ok(lines.includes('rollcall.dev/wait-for  3 (pod)'));
  assert.ok(lines.includes('rollcall.dev/wait-timeout  50s (default)'));
});

test('JSON says the same with stable names', async () => {
  const [explanation] = await asJson(STATEFUL_SET);
  const { rules: _, settings, ...rest } = explanation!;
  assert.deepEqual(rest, {
    kind: 'statefulset',
    name: 'db',
    namespace: 'shop',
    result: 'inject',
    account: { choice: 'scoped', name: 'rollcall-watcher' },
    warnings: [],
    advice: [],
  });
  assert.deepEqual(settings[0], { key: 'rollcall.dev/inject', value: 'true', from: 'pod' });
});

test('one that nobody asks for, one that is refused, one that says no', async () => {
  const unserved = CRON_JOB.replace(/ +rollcall.dev\/service: db\n/, '');
  const refusing = CRON_JOB.replace('"true"', '"false"');
  const all = await asJson([CONFIG_MAP, DEPLOYMENT, unserved, refusing].join('---\n'));
  assert.deepEqual(
    all.map(({ kind, result, code }) => [kind, result, code]),
    [
      ['deployment', 'skip', 'not-opted-in'],
      ['cronjob', 'deny', 'no-service'],
      ['cronjob', 'skip', 'opted-out'],
    ],
  );
  assert.deepEqual(answers(all[0]!), {
    'pod-asks': 'no',
    'namespace-asks': 'unknown',
    'webhook pods.rollcall.dev': 'no',
    'webhook namespaces.rollcall.dev': 'no',
    decision: 'no',
  });
  assert.equal(answers(all[1]!)['webhook pods.rollcall.dev'], 'yes');
});

test('the label of a Namespace in the input counts, and calls by the other entry', async () => {
  const namespace =
    'apiVersion: v1\nkind: Namespace\nmetadata:\n  name: shop\n  labels: {rollcall.dev/injection: enabled}\n---\n';
  const [explanation] = await asJson(namespace + CRON_JOB.replace(/ +rollcall.dev\/inject: "true"\n/, ''));
  assert.equal(explanation!.result, 'inject');
  assert.deepEqual(answers(explanation!), {
    'pod-asks': 'no',
    'namespace-asks': 'yes',
    'webhook pods.rollcall.dev': 'no',
    'webhook namespaces.rollcall.dev': 'yes',
    decision: 'yes',
  });
});

test('in the namespace of the webhook itself nobody is asked', async () => {
  const [explanation] = await asJson(CRON_JOB.replace('namespace: shop', 'namespace: rollcall-system'));
  assert.equal(explanation!.result, 'missed');
  const { out } = await explained(CRON_JOB.replace('namespace: shop', 'namespace: rollcall-system'));
  assert.match(out, /gets no sidecar: the webhook is not asked/);
  assert.match(
    out,
    /it wants kubernetes.io\/metadata.name NotIn \(rollcall-system, kube-system, kube-public, kube-node-lease\), and it is .*=rollcall-system/,
  );
});

test('what can not be explained is told with what to give', async () => {
  assert.match(await misuse('explain', []), /^nothing to explain; give KIND\/NAME, -f FILE or -k DIR$/);
  assert.match(await misuse('explain', ['db']), /^"db" is not KIND\/NAME; give pod\/NAME, or/);
  assert.match(await misuse('explain', ['secret/x']), /^"secret\/x" is not KIND\/NAME/);
  assert.match(
    await misuse('explain', ['pod/x', 'pod/y']),
    /^"pod\/y" is one too many; explain takes one KIND\/NAME$/,
  );
  assert.match(await misuse('explain', ['pod/x', '-f', '-']), /two things to explain/);
  assert.match(await misuse('explain', ['pod/x']), /^no cluster is known; give --kubeconfig FILE/);
  assert.match(
    await misuse('explain', ['pod/x', '--kubeconfig', '/nowhere']),
    /^--kubeconfig: "\/nowhere" can't be used \(no such file or directory\)/,
  );
  const { err, code } = await explained('a: [');
  assert.match(err, /^rollcall: stdin:1: /);
  assert.equal(code, 1);
});

test('what each group is, and what is waited for in it, stands beside the decision', async () => {
  const more = [
    'rollcall.dev/group.backends: service tcp-servers',
    'rollcall.dev/wait-for.backends: 2 ready',
    'rollcall.dev/wait-action: fail',
  ];
  const asks = 'inject: "true"';
  const [explanation] = await asJson(STATEFUL_SET.replace(asks, [asks, ...more].join('\n        ')));
  const why = (rule: string) => explanation!.rules.filter((one) => one.rule === rule).map((one) => one.why);
  assert.deepEqual(why('decision'), [
    'the pod gets the sidecar, for service db by endpointslices, backends: service tcp-servers',
  ]);
  assert.deepEqual(why('gate'), [
    'the application waits for "2 ready" of backends; after 50 s the sidecar fails and waits anew',
  ]);
});
