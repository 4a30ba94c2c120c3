import assert from 'node:assert/strict';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { parseAllDocuments } from 'yaml';
import packageJson from '../../../package.json' with { type: 'json' };
import type { Pod } from '../../../src/inject/pod.ts';
import { folder, misuse, run, withoutAdvice } from '../run.ts';
import { CONFIG_MAP, CRON_JOB, DEPLOYMENT, STATEFUL_SET } from './manifests.ts';

interface Manifest {
  kind: string;
  metadata: { name: string; namespace?: string };
  subjects: { name: string; namespace: string }[];
  spec: { template: Pod; jobTemplate: { spec: { template: Pod } } };
  items: Manifest[];
}

const documents = (text: string) => parseAllDocuments(text).map((document) => document.toJS() as Manifest);
const fromInput = async (input: string, ...argv: string[]) =>
  withoutAdvice(await run('inject', ['-f', '-', ...argv], { input }));
const hasSidecar = (pod: Pod) => pod.spec.initContainers?.[0]?.name === 'rollcall';
const LINE = 'statefulset/db in shop: injected\n';

describe('what it prints', () => {
  test('a workload that asks gets the sidecar, and every other line of it stays', async () => {
    const { out, err, code } = await fromInput(STATEFUL_SET, '--no-access');
    assert.deepEqual([err, code], [LINE, 0]);
    const [workload] = documents(out);
    assert.ok(hasSidecar(workload!.spec.template));
    assert.match(out, /serviceAccountName: 'rollcall-watcher'\n/, 'quoted as before');
    const lines = STATEFUL_SET.split('\n').filter((line) => !line.includes('serviceAccountName'));
    let at = 0;
    for (const line of lines) {
      at = out.indexOf(line, at);
      assert.notEqual(at, -1, `lost, or out of order: ${line}`);
    }
  });

  test('the image is the one of this version, or the one given', async () => {
    const image = async (...argv: string[]) => {
      const { out } = await fromInput(STATEFUL_SET, '--no-access', ...argv);
      return documents(out)[0]!.spec.template.spec.initContainers![0]!.image;
    };
    assert.equal(await image(), `rollcall:${packageJson.version}`);
    assert.equal(await image('--image', 'mirror/rollcall:2'), 'mirror/rollcall:2');
  });

  test('documents that make no pods, or do not ask, are there byte for byte', async () => {
    const others = `${CONFIG_MAP}---\n${DEPLOYMENT}---\n# nothing\n---   # only this\n`;
    const { out } = await fromInput(`${others}${STATEFUL_SET}`, '--no-access');
    assert.ok(out.startsWith(others));
    const untouched = await fromInput(others);
    assert.equal(untouched.out, others);
    assert.equal(untouched.code, 0);
    assert.match(untouched.err, /^deployment\/web: skipped \(not-opted-in\): neither rollcall\.dev\/inject/);
    assert.match(untouched.err, /nothing was injected; annotate .*, or give --all\n$/);
  });

  test('a CronJob has its template further down', async () => {
    const [workload] = documents((await fromInput(CRON_JOB, '--no-access')).out);
    assert.ok(hasSidecar(workload!.spec.jobTemplate.spec.template));
  });

  test('the items of Lists are looked at one by one', async () => {
    const indented = (text: string) => `- ${text.trimEnd().replaceAll('\n', '\n  ')}\n`;
    const list = `apiVersion: v1\nkind: List\nitems:\n${indented(CONFIG_MAP)}${indented(CRON_JOB)}`;
    const { out, err } = await fromInput(list, '--no-access');
    assert.equal(err, 'cronjob/tidy in shop: injected\n');
    assert.ok(hasSidecar(documents(out)[0]!.items[1]!.spec.jobTemplate.spec.template));
    assert.ok(out.includes(indented(CONFIG_MAP)));

    const { kind: _, apiVersion: __, ...bare } = parseAllDocuments(CRON_JOB)[0]!.toJS();
    const typed = JSON.stringify({ apiVersion: 'batch/v1', kind: 'CronJobList', items: [bare] });
    assert.equal((await fromInput(typed, '--no-access')).err, 'cronjob/tidy in shop: injected\n');
  });

  test('JSON in, JSON out; the access that is added makes it a List', async () => {
    const input = `${JSON.stringify(parseAllDocuments(STATEFUL_SET)[0]!.toJS(), null, 4)}\n`;
    const alone = await fromInput(input, '--no-access');
    assert.ok(hasSidecar((JSON.parse(alone.out) as Manifest).spec.template));
    assert.match(alone.out, /^\{\n {4}"apiVersion": "apps\/v1",\n/);
    const { out } = await fromInput(input);
    const list = JSON.parse(out) as Manifest;
    assert.deepEqual(
      list.items.map(({ kind }) => kind),
      ['ServiceAccount', 'Role', 'RoleBinding', 'StatefulSet'],
    );
    const again = await run('inject', ['-f', '-'], { input: out });
    assert.equal(again.out, out);
  });

  test('--output is one format for all of it', async () => {
    const json = await fromInput(`${CONFIG_MAP}---\n${STATEFUL_SET}`, '-o', 'json');
    const { items } = JSON.parse(json.out) as Manifest;
    assert.deepEqual(
      items.map(({ kind }) => kind),
      ['ConfigMap', 'ServiceAccount', 'Role', 'RoleBinding', 'StatefulSet'],
    );
    const yaml = await run('inject', ['-f', '-', '--output', 'yaml'], { input: json.out });
    assert.deepEqual(documents(yaml.out)[0]!.items, items);
    assert.match(yaml.out, /^apiVersion: v1\nkind: List\n/);
  });

  test('injected again, nothing changes', async () => {
    const { out } = await fromInput(`${CONFIG_MAP}---\n${STATEFUL_SET}---\n${CRON_JOB}`);
    const again = await fromInput(out);
    assert.equal(again.out, out);
    assert.equal(again.err, 'statefulset/db in shop: unchanged\ncronjob/tidy in shop: unchanged\n');
  });
});

describe('access', () => {
  test('comes once, before the first workload that needs it, in its namespace', async () => {
    const { out } = await fromInput(`---\n${CONFIG_MAP}---\n${STATEFUL_SET}---\n${CRON_JOB}`);
    assert.deepEqual(
      documents(out).map(({ kind }) => kind),
      ['ConfigMap', 'ServiceAccount', 'Role', 'RoleBinding', 'StatefulSet', 'CronJob'],
    );
    assert.ok(
      documents(out)
        .slice(1)
        .every(({ metadata }) => metadata.namespace === 'shop'),
    );
    assert.deepEqual(documents(out)[3]!.subjects, [
      { kind: 'ServiceAccount', namespace: 'shop', name: 'rollcall-watcher' },
    ]);
  });

  test('an account of the pod is bound, and not made', async () => {
    const { out } = await fromInput(STATEFUL_SET.replace("'default'", 'mine'));
    assert.deepEqual(
      documents(out).map(({ kind, metadata }) => `${kind} ${metadata.name}`),
      ['Role rollcall-watcher', 'RoleBinding rollcall-inject-mine', 'StatefulSet db'],
    );
  });

  test('to pods is another account, by a role and a binding of its own', async () => {
    const asks = 'rollcall.dev/inject: "true"';
    const selecting = STATEFUL_SET.replace(asks, `${asks}\n        rollcall.dev/selector: app=db`);
    const made = async (input: string, ...argv: string[]) =>
      documents((await fromInput(input, ...argv)).out).map(
        ({ kind, metadata }) => `${kind} ${metadata.name}`,
      );
    assert.deepEqual(await made(selecting), [
      'ServiceAccount rollcall-pod-watcher',
      'Role rollcall-pod-watcher',
      'RoleBinding rollcall-inject-pods:rollcall-pod-watcher',
      'StatefulSet db',
    ]);
    assert.deepEqual(await made(selecting.replace("'default'", 'mine')), [
      'Role rollcall-pod-watcher',
      'RoleBinding rollcall-inject-pods:mine',
      'StatefulSet db',
    ]);
    const ordinary = CRON_JOB.replace(asks, `${asks}\n            rollcall.dev/native-sidecar: "false"`);
    assert.deepEqual(await made(ordinary), [
      'ServiceAccount rollcall-pod-watcher',
      'Role rollcall-watcher',
      'RoleBinding rollcall-inject-rollcall-pod-watcher',
      'Role rollcall-pod-watcher',
      'RoleBinding rollcall-inject-pods:rollcall-pod-watcher',
      'CronJob tidy',
    ]);
    const refused = await fromInput(selecting, '--default', 'rollcall.dev/pod-access=false');
    assert.match(refused.err, /refused \(pod-access\): a group by rollcall\.dev\/selector takes/);
  });

  test('to groups of other namespaces only is an account and nothing else', async () => {
    const text = `apiVersion: v1
kind: Pod
metadata:
  name: far
  namespace: shop
  annotations: {rollcall.dev/inject: "true", rollcall.dev/group.far: service tcp-servers in team-b}
spec: {containers: [{name: a, image: a}]}
`;
    const { out } = await fromInput(text);
    assert.deepEqual(
      documents(out).map(({ kind, metadata }) => `${kind} ${metadata.name}`),
      ['ServiceAccount rollcall-guest', 'Pod far'],
    );
    assert.match(out, /serviceAccountName: rollcall-guest\b/);
    assert.equal((await run('uninject', ['-f', '-'], { input: out })).out, text);
  });

  test('the owner of a pod in a file is the workload around it', async () => {
    const owned = async (input: string) => {
      const { out, err } = await fromInput(input);
      const pod = documents(out).findLast(({ spec }) => spec !== undefined);
      assert.ok(pod, err);
      const roles = documents(out).flatMap(({ kind, metadata }) => (kind === 'Role' ? [metadata.name] : []));
      const { leaderWorkerTemplate } = pod.spec as { leaderWorkerTemplate?: { workerTemplate: Pod } };
      const template = leaderWorkerTemplate?.workerTemplate ?? pod.spec.template;
      const [container] = template.spec.initContainers!;
      const env = container!.env as { name: string; value: string }[];
      const variable = env.find(({ name }) => name === 'ROLLCALL_EXPECTED');
      return [variable?.value, roles, Object.keys(template.metadata!)];
    };
    const asks = 'rollcall.dev/inject: "true"';
    const stateful = STATEFUL_SET.replace(asks, `${asks}\n        rollcall.dev/expected: owner`);
    const scale = ['rollcall-watcher', 'rollcall-scale-reader'];
    assert.deepEqual(await owned(stateful), ['statefulset db', scale, ['labels', 'annotations']]);
    for (const kind of ['Deployment', 'ReplicaSet']) {
      const text = stateful.replace('kind: StatefulSet', `kind: ${kind}`).replace('serviceName: db', 'x: y');
      const named = text.replace(asks, `${asks}\n        rollcall.dev/service: db`);
      assert.deepEqual(await owned(named), [`${kind.toLowerCase()} db`, scale, ['labels', 'annotations']]);
    }
    // Of a LeaderWorkerSet the members are the pods of one group, whose number is in the file.
    const lws = `apiVersion: leaderworkerset.x-k8s.io/v1
kind: LeaderWorkerSet
metadata: {name: model, namespace: shop}
spec:
  leaderWorkerTemplate:
    size: 4
    workerTemplate:
      metadata:
        annotations: {${asks}, rollcall.dev/service: model, rollcall.dev/expected: owner}
      spec: {containers: [{name: a, image: a}]}
`;
    assert.deepEqual(await owned(lws), ['4', ['rollcall-watcher'], ['annotations']]);
    const nameless = await fromInput(
      stateful.replace('name: db\n  namespace', 'generateName: db-\n  namespace'),
    );
    assert.match(nameless.err, /"owner" needs a pod of a StatefulSet, a Deployment/);
  });

  test('who asks the DNS needs none', async () => {
    const asks = 'rollcall.dev/inject: "true"';
    const { out } = await fromInput(STATEFUL_SET.replace(asks, `${asks}\n        rollcall.dev/source: dns`));
    assert.deepEqual(
      documents(out).map(({ kind }) => kind),
      ['StatefulSet'],
    );
  });

  test('a namespace that nobody named is guessed, and that is said', async () => {
    const input = STATEFUL_SET.replace('  namespace: shop\n', '');
    const guessed = await fromInput(input);
    assert.match(
      guessed.err,
      /no namespace is known for statefulset\/db: .* for "default"; give --namespace NAME/,
    );
    const { out, err } = await fromInput(input, '-n', 'shop');
    assert.equal(err, 'statefulset/db: injected\n');
    assert.equal(documents(out)[0]!.metadata.namespace, 'shop');
  });
});

describe('who asks', () => {
  const namespace = (extra: string) =>
    `apiVersion: v1\nkind: Namespace\nmetadata:\n  name: shop\n${extra}---\n`;
  const silent = CRON_JOB.replace('            rollcall.dev/inject: "true"\n', '');

  test('a Namespace of the input says for its pods what it would say in the cluster', async () => {
    const labelled = namespace('  labels: { rollcall.dev/injection: enabled }\n');
    assert.match((await fromInput(labelled + silent)).err, /^cronjob\/tidy in shop: injected$/m);
    assert.match((await fromInput(namespace('') + silent)).err, /skipped \(not-opted-in\)/);
    const defaults = namespace('  annotations: { rollcall.dev/wait-for: "7" }\n');
    const { out } = await fromInput(defaults + CRON_JOB, '--no-access');
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
    const { out } = await fromInput(`${JSON.stringify(range)}\n---\n${CRON_JOB}`, '--no-access');
    assert.match(out, /limits:\n +cpu: 200m/);
  });

  test('a Namespace with a range of users leaves the user of the sidecar to OpenShift', async () => {
    const range = '{ openshift.io/sa.scc.uid-range: "1000650000/10000" }';
    const { out } = await fromInput(namespace(`  annotations: ${range}\n`) + CRON_JOB, '--no-access');
    assert.match(out, /runAsNonRoot: true/);
    assert.doesNotMatch(out, /runAsUser|runAsGroup/);
    assert.match((await fromInput(CRON_JOB, '--no-access')).out, /runAsUser: 17655/);
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
    const { out } = await fromInput(hooked, '--no-access', '--image', 'mirror.example/rollcall:2');
    assert.match(out, /image: mirror\.example\/rollcall:2-shell/);
    const { err } = await fromInput(hooked, '--image', `rollcall@sha256:${'a'.repeat(64)}`);
    assert.match(err, /refused \(no-shell-image\)/);
  });

  test('annotations of others are for others to judge', async () => {
    const foreign = CRON_JOB.replace('rollcall.dev/inject: "true"', 'prometheus.io/port: 9090');
    const { out, code } = await fromInput(foreign);
    assert.deepEqual([out, code], [foreign, 0]);
  });

  test('--default is what an installation says', async () => {
    const { out } = await fromInput(CRON_JOB, '--no-access', '--default', 'rollcall.dev/wait-for=5');
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
    const { err, code } = await fromInput([silent, refusing, DEPLOYMENT].join('---\n'), '--all');
    const results = err.split('\n').map((line) => line.replace(/:[^:]*$/, ''));
    assert.equal(results[0], 'cronjob/tidy in shop');
    assert.match(err, /skipped \(opted-out\)/);
    assert.match(err, /deployment\/web: skipped \(no-service\)/);
    assert.equal(code, 0);
  });

  test('a StatefulSet follows its own service', async () => {
    const { out } = await fromInput(STATEFUL_SET, '--no-access');
    assert.match(out, /name: ROLLCALL_SERVICE\n +value: db/);
    assert.doesNotMatch(out, /subdomain/);
  });
});

describe('what it warns of', () => {
  test('a StatefulSet that would wait for itself', async () => {
    const asks = 'rollcall.dev/inject: "true"';
    const waiting = STATEFUL_SET.replace(asks, `${asks}\n        rollcall.dev/wait-for: "3"`);
    assert.equal((await fromInput(waiting)).err, LINE);
    for (const [text, warned] of [
      ['all', false],
      ['1 ready', false],
      ['ordinal 0 ready', false],
      ['2 ready', true],
      ['ordinal 1', true],
    ] as const) {
      const ofFirst = waiting
        .replace('wait-for: "3"', `wait-for: "${text}"`)
        .replace('"Parallel"', 'OrderedReady');
      const { err } = await fromInput(ofFirst);
      assert.equal(/podManagementPolicy: Parallel/.test(err), warned, `${text}: ${err}`);
    }
    const ordered = await fromInput(waiting.replace('"Parallel"', 'OrderedReady'));
    assert.match(
      ordered.err,
      /warning: rollcall\.dev\/wait-for: "3" .*; set spec\.podManagementPolicy: Parallel\n/,
    );
    assert.equal(ordered.code, 0);
  });

  test('a key on what is around the template, or among the labels', async () => {
    const misplaced = CRON_JOB.replace(
      '  namespace: shop',
      '  namespace: shop\n  annotations: { rollcall.dev/port: "1" }',
    )
      .replace(
        '    spec:\n      template',
        '    metadata: { annotations: { rollcall.dev/source: dns } }\n    spec:\n      template',
      )
      .replace(
        '          annotations:',
        '          labels: { rollcall.dev/wait-for: "2" }\n          annotations:',
      );
    const template = 'spec.jobTemplate.spec.template.metadata.annotations';
    assert.deepEqual((await fromInput(misplaced)).err.split('\n').slice(1, -1), [
      `cronjob/tidy in shop: warning: annotation rollcall.dev/port does nothing in metadata.annotations; move it to ${template}`,
      `cronjob/tidy in shop: warning: annotation rollcall.dev/source does nothing in spec.jobTemplate.metadata.annotations; move it to ${template}`,
      `cronjob/tidy in shop: warning: label rollcall.dev/wait-for does nothing; write it as an annotation, in ${template}`,
    ]);
  });

  test('a key on a wrong level of the template, by inject and by explain', async () => {
    const annotations = (indent: string) => `${indent}annotations:\n${indent}  rollcall.dev/port: "1"\n`;
    const levels: [where: string, before: string, written: string][] = [
      ['.annotations', '        metadata:\n', annotations('        ')],
      ['', '        metadata:\n', '        rollcall.dev/port: "1"\n'],
      ['.metadata', '          annotations:\n', '          rollcall.dev/port: "1"\n'],
      ['.spec.annotations', '          containers:\n', annotations('          ')],
    ];
    for (const [where, before, written] of levels) {
      const input = CRON_JOB.replace(before, `${written}${before}`);
      assert.notEqual(input, CRON_JOB);
      const told =
        `warning: annotation rollcall.dev/port does nothing in spec.jobTemplate.spec.template${where}; ` +
        'move it to spec.jobTemplate.spec.template.metadata.annotations\n';
      const { err } = await fromInput(input);
      assert.equal(err.split('warning:').length, 2, err);
      assert.ok(err.includes(told), err);
      const explained = await run('explain', ['-f', '-'], { input, env: { KUBECONFIG: '/dev/null' } });
      assert.ok(explained.out.includes(told), explained.out + explained.err);
    }
  });

  test('keys under a map of the domain, and keys of a domain that is almost ours', async () => {
    const nested = CRON_JOB.replace(
      / +rollcall\.dev\/service: db\n/,
      '            rollcall.dev: { service: db }\n',
    );
    assert.notEqual(nested, CRON_JOB);
    const { err, code } = await fromInput(nested);
    assert.equal(code, 1);
    assert.match(
      err,
      /rollcall\.dev is a collection; write each key whole, such as rollcall\.dev\/service: "db"/,
    );
    const misspelt = await fromInput(CRON_JOB.replaceAll('rollcall.dev/', 'rolcall.dev/'));
    assert.match(misspelt.err, /skipped \(not-opted-in\)/);
    assert.match(
      misspelt.err,
      /warning: annotation rolcall\.dev\/inject is not known; is rollcall\.dev\/inject meant\?/,
    );
  });

  test('a key that there is not', async () => {
    const { err } = await fromInput(
      CRON_JOB.replace('rollcall.dev/service', 'rollcall.dev/servcie'),
      '--all',
    );
    assert.match(err, /servcie is not known; is rollcall\.dev\/service meant\?/);
  });
});

describe('refusals', () => {
  test('a workload that asks and has no group is refused, and nothing is printed', async () => {
    const input = CRON_JOB.replace(/ +rollcall.dev\/service: db\n/, '');
    const { out, err, code } = await fromInput(`${STATEFUL_SET}---\n${input}`);
    assert.deepEqual([out, code], ['', 1]);
    assert.match(
      err,
      /^cronjob\/tidy in shop: refused \(no-service\): annotation rollcall\.dev\/service is missing/m,
    );
    assert.match(err, /nothing is printed, since a workload was refused\n$/);
  });

  test('a value without quotes is told so', async () => {
    const { err, code } = await fromInput(CRON_JOB.replace('"true"', 'true'));
    assert.equal(code, 1);
    assert.match(
      err,
      /refused \(bad-value\): annotation rollcall\.dev\/inject: true is a boolean; .* "true" with quotes/,
    );
  });

  test('a key without a value is a bad value, as in the cluster', async () => {
    const { err, code } = await fromInput(CRON_JOB.replace('"true"', ''));
    assert.equal(code, 1);
    assert.match(err, /refused \(bad-value\): annotation rollcall\.dev\/inject: "" is not valid/);
  });

  test('what asks and is no YAML is refused with its place', async (t) => {
    const asks = 'metadata: { annotations: { rollcall.dev/inject: "true" } }\n';
    const directory = await folder(t, { 'bad.yaml': `${CONFIG_MAP}---\n${asks}a: {{ .Values.x }}\nb: [\n` });
    const { out, err, code } = await run('inject', ['-f', join(directory, 'bad.yaml')]);
    assert.deepEqual([out, code], ['', 1]);
    assert.match(
      err,
      /^rollcall: .*bad\.yaml:1\d: it is not YAML as it stands \(.*\); correct it; templates have to be rendered first/,
    );
  });

  test('what does not ask and is no YAML passes as it is, and that is said', async () => {
    const input = `${CONFIG_MAP}---\na: {{ .Values.x }}\nb: [\n---\n${STATEFUL_SET}`;
    const { out, err, code } = await fromInput(input, '--no-access');
    assert.equal(code, 0);
    assert.ok(out.startsWith(`${CONFIG_MAP}---\na: {{ .Values.x }}\nb: [\n---\n`));
    assert.match(
      err,
      /^rollcall: stdin:1\d: .*; no object in this document asks for the sidecar, and it stays as it is$/m,
    );
    const converted = await fromInput(input, '-o', 'yaml');
    assert.deepEqual([converted.out, converted.code], ['', 1]);
    const counting = await fromInput(input.replace('b: [', 'containers: ['), '--all');
    assert.deepEqual([counting.out, counting.code], ['', 1]);
  });
});

test('all that is wrong with a workload is told, each in a line of its own, quotes and types among it', async () => {
  const input = `apiVersion: v1
kind: Pod
metadata:
  name: db
  annotations: {rollcall.dev/inject: "true", rollcall.dev/wait-for: 3, rollcall.dev/port: "x"}
spec:
  containers: [{name: app}]
`;
  const { err, code } = await run('inject', ['-f', '-'], { input });
  assert.equal(code, 1);
  const told = err.split('\n').filter((line) => line.startsWith('pod/db: refused ('));
  assert.deepEqual(
    told.map((line) => /refused \(([a-z-]+)\)/.exec(line)![1]),
    ['bad-value', 'no-service', 'bad-value'],
  );
  const shapes = input.replace('  containers', '  volumes: x\n  nodeSelector: y\n  containers');
  assert.match((await run('inject', ['-f', '-'], { input: shapes })).err, /volumes has to be a list/);
  assert.match((await run('inject', ['-f', '-'], { input: shapes })).err, /nodeSelector has to be a map/);
});
