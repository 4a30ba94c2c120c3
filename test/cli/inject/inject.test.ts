import assert from 'node:assert/strict';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { parseAllDocuments } from 'yaml';
import packageJson from '../../../package.json' with { type: 'json' };
import type { Pod } from '../../../src/inject/pod.ts';
import { folder, run } from '../run.ts';
import { documents, inject, type Manifest } from './inject-text.ts';
import { CONFIG_MAP, CRON_JOB, DEPLOYMENT, STATEFUL_SET } from './manifests.ts';

const hasSidecar = (pod: Pod) => pod.spec.initContainers?.[0]?.name === 'rollcall';
const LINE = 'statefulset/db in shop: injected\n';

test('a workload that asks gets the sidecar, and every other line of it stays', async () => {
  const { out, err, code } = await inject(STATEFUL_SET, '--no-access');
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
    const { out } = await inject(STATEFUL_SET, '--no-access', ...argv);
    return documents(out)[0]!.spec.template.spec.initContainers![0]!.image;
  };
  assert.equal(await image(), `rollcall:${packageJson.version}`);
  assert.equal(await image('--image', 'mirror/rollcall:2'), 'mirror/rollcall:2');
});

test('documents that make no pods, or do not ask, are there byte for byte', async () => {
  const others = `${CONFIG_MAP}---\n${DEPLOYMENT}---\n# nothing\n---   # only this\n`;
  const { out } = await inject(`${others}${STATEFUL_SET}`, '--no-access');
  assert.ok(out.startsWith(others));
  const untouched = await inject(others);
  assert.equal(untouched.out, others);
  assert.equal(untouched.code, 0);
  assert.match(untouched.err, /^deployment\/web: skipped \(not-opted-in\): neither rollcall\.dev\/inject/);
  assert.match(untouched.err, /nothing was injected; annotate .*, or give --all\n$/);
});

test('a CronJob has its template further down', async () => {
  const [workload] = documents((await inject(CRON_JOB, '--no-access')).out);
  assert.ok(hasSidecar(workload!.spec.jobTemplate.spec.template));
});

test('the items of Lists are looked at one by one', async () => {
  const indented = (text: string) => `- ${text.trimEnd().replaceAll('\n', '\n  ')}\n`;
  const list = `apiVersion: v1\nkind: List\nitems:\n${indented(CONFIG_MAP)}${indented(CRON_JOB)}`;
  const { out, err } = await inject(list, '--no-access');
  assert.equal(err, 'cronjob/tidy in shop: injected\n');
  assert.ok(hasSidecar(documents(out)[0]!.items[1]!.spec.jobTemplate.spec.template));
  assert.ok(out.includes(indented(CONFIG_MAP)));

  const { kind: _, apiVersion: __, ...bare } = parseAllDocuments(CRON_JOB)[0]!.toJS();
  const typed = JSON.stringify({ apiVersion: 'batch/v1', kind: 'CronJobList', items: [bare] });
  assert.equal((await inject(typed, '--no-access')).err, 'cronjob/tidy in shop: injected\n');
});

test('JSON in, JSON out; the access that is added makes it a List', async () => {
  const input = `${JSON.stringify(parseAllDocuments(STATEFUL_SET)[0]!.toJS(), null, 4)}\n`;
  const alone = await inject(input, '--no-access');
  assert.ok(hasSidecar((JSON.parse(alone.out) as Manifest).spec.template));
  assert.match(alone.out, /^\{\n {4}"apiVersion": "apps\/v1",\n/);
  const { out } = await inject(input);
  const list = JSON.parse(out) as Manifest;
  assert.deepEqual(
    list.items.map(({ kind }) => kind),
    ['ServiceAccount', 'Role', 'RoleBinding', 'StatefulSet'],
  );
  const again = await run('inject', ['-f', '-'], { input: out });
  assert.equal(again.out, out);
});

test('--output is one format for all of it', async () => {
  const json = await inject(`${CONFIG_MAP}---\n${STATEFUL_SET}`, '-o', 'json');
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
  const { out } = await inject(`${CONFIG_MAP}---\n${STATEFUL_SET}---\n${CRON_JOB}`);
  const again = await inject(out);
  assert.equal(again.out, out);
  assert.equal(again.err, 'statefulset/db in shop: unchanged\ncronjob/tidy in shop: unchanged\n');
});

describe('refusals', () => {
  test('a workload that asks and has no group is refused, and nothing is printed', async () => {
    const input = CRON_JOB.replace(/ +rollcall.dev\/service: db\n/, '');
    const { out, err, code } = await inject(`${STATEFUL_SET}---\n${input}`);
    assert.deepEqual([out, code], ['', 1]);
    assert.match(
      err,
      /^cronjob\/tidy in shop: refused \(no-service\): annotation rollcall\.dev\/service is missing/m,
    );
    assert.match(err, /nothing is printed, since a workload was refused\n$/);
  });

  test('a value without quotes is told so', async () => {
    const { err, code } = await inject(CRON_JOB.replace('"true"', 'true'));
    assert.equal(code, 1);
    assert.match(
      err,
      /refused \(bad-value\): annotation rollcall\.dev\/inject: true is a boolean; .* "true" with quotes/,
    );
  });

  test('a key without a value is a bad value, as in the cluster', async () => {
    const { err, code } = await inject(CRON_JOB.replace('"true"', ''));
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
    const { out, err, code } = await inject(input, '--no-access');
    assert.equal(code, 0);
    assert.ok(out.startsWith(`${CONFIG_MAP}---\na: {{ .Values.x }}\nb: [\n---\n`));
    assert.match(
      err,
      /^rollcall: stdin:1\d: .*; no object in this document asks for the sidecar, and it stays as it is$/m,
    );
    const converted = await inject(input, '-o', 'yaml');
    assert.deepEqual([converted.out, converted.code], ['', 1]);
    const counting = await inject(input.replace('b: [', 'containers: ['), '--all');
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
