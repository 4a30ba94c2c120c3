/** The warnings of the policies in deploy/, on a real kube-apiserver without the webhook. */

import assert from 'node:assert/strict';
import { after, before, suite, test } from 'node:test';
import { type Key, keys, PLACES } from '../../src/inject/annotations.ts';
import type { Reply } from '../support/api-request.ts';
import { type ControlPlane, startControlPlane } from '../support/control-plane.ts';
import { HUNG_MS } from '../support/deadlines.ts';
import { install, SYSTEM_NAMESPACE } from '../support/deployment.ts';
import { eventually } from '../support/eventually.ts';
import { metricSum } from '../support/metrics.ts';
import { appPod, INJECT, OPT_OUT, type Pod } from './app-pod.ts';

const NAMESPACE = 'policies';
const ENABLED = { 'rollcall.dev/injection': 'enabled' };
const WAITING = { ...INJECT, 'rollcall.dev/service': 'db', 'rollcall.dev/wait-for': '3' };

type Texts = Record<string, string>;

interface Metadata {
  annotations?: Texts;
  labels?: Texts;
  ownerReferences?: object[];
}

interface Template {
  metadata?: Metadata;
  spec: Pod['spec'];
}

const OWNED = [{ apiVersion: 'v1', kind: 'Owner', name: 'owner', uid: 'c0ffee', controller: true }];
const LABELS = { app: 'db' };

const template = (metadata: Metadata = {}): Template => ({
  metadata: { ...metadata, labels: { ...LABELS, ...metadata.labels } },
  spec: appPod({ name: 'unused' }).spec,
});

/** The fields that differ from kind to kind. */
const kinds: Record<string, { path: string; spec(template: Template): object }> = {
  Deployment: appsKind('deployments'),
  StatefulSet: appsKind('statefulsets', { serviceName: 'db' }),
  DaemonSet: appsKind('daemonsets'),
  ReplicaSet: appsKind('replicasets'),
  Job: { path: `/apis/batch/v1/namespaces/${NAMESPACE}/jobs`, spec: jobSpec },
  CronJob: {
    path: `/apis/batch/v1/namespaces/${NAMESPACE}/cronjobs`,
    spec: (pods) => ({ schedule: '@daily', jobTemplate: { spec: jobSpec(pods) } }),
  },
};

function appsKind(resource: string, more: object = {}) {
  const path = `/apis/apps/v1/namespaces/${NAMESPACE}/${resource}`;
  return { path, spec: (pods: Template) => ({ selector: { matchLabels: LABELS }, template: pods, ...more }) };
}

function jobSpec({ metadata, spec }: Template) {
  return { template: { ...(metadata ? { metadata } : {}), spec: { ...spec, restartPolicy: 'Never' } } };
}

suite('admission policies on a real API server', { timeout: HUNG_MS }, () => {
  let plane: ControlPlane;

  before(async () => {
    plane = await startControlPlane();
    await plane.ensureNamespace(SYSTEM_NAMESPACE);
    await plane.ensureNamespace(NAMESPACE);
    await install(plane);
    await eventually('policies that are heard', async () => {
      const gate = await workload('StatefulSet', {}, template({ annotations: WAITING }));
      const misplaced = await workload('Deployment', { annotations: INJECT });
      const mistyped = await namespace({ labels: { 'rollcall.dev/injection': 'true' } });
      return [gate, misplaced, mistyped].every(({ warnings }) => warnings.length > 0);
    });
  });

  after(() => plane?.stop());

  const create = async (path: string, object: object): Promise<Reply> => {
    const reply = await plane.request('POST', `${path}?dryRun=All`, object);
    assert.equal(reply.status, 201, JSON.stringify(reply.body.message));
    return reply;
  };

  const workload = (kind: string, own: Metadata, pods: Template = template(), more: object = {}) => {
    const { path, spec } = kinds[kind]!;
    return create(path, { metadata: { name: 'db', ...own }, spec: { ...spec(pods), ...more } });
  };

  const namespace = (metadata: Metadata) =>
    create('/api/v1/namespaces', { metadata: { name: 'dry', ...metadata } });

  /** One warning, which has all of this in it. */
  const assertWarned = ({ warnings }: Reply, ...parts: (string | RegExp)[]) => {
    assert.equal(warnings.length, 1, JSON.stringify(warnings));
    for (const part of parts) {
      const found = typeof part === 'string' ? warnings[0]!.includes(part) : part.test(warnings[0]!);
      assert.ok(found, `${part} in: ${warnings[0]}`);
    }
  };

  const assertQuiet = ({ warnings }: Reply) => assert.deepEqual(warnings, []);

  suite('keys outside the pod template', () => {
    for (const kind of Object.keys(kinds)) {
      test(`annotations of a ${kind} itself are warned of, with where to move them`, async () => {
        const place = kind === 'CronJob' ? 'spec.jobTemplate.spec.template' : 'spec.template';
        const own = { annotations: { ...INJECT, 'rollcall.dev/file.hosts': '{hostname}', other: 'x' } };
        const keys = ['inject', 'service', 'file.hosts'].map((key) => `rollcall.dev/${key}`);
        const reply = await workload(kind, own);
        assertWarned(reply, kind, ...keys, new RegExp(`move them to ${place}\\.metadata\\.annotations$`));
        assert.doesNotMatch(reply.warnings[0]!, /other/);
      });

      test(`a ${kind} with the annotations in its template is fine, also when it repeats them`, async () => {
        const pods = template({ annotations: INJECT });
        assertQuiet(await workload(kind, {}, pods));
        assertQuiet(await workload(kind, { annotations: INJECT }, pods));
        assertQuiet(await workload(kind, { annotations: { other: 'x' }, labels: LABELS }));
      });

      test(`labels of a ${kind} or its template are warned of in place of annotations`, async () => {
        const labels = { 'rollcall.dev/inject': 'true' };
        const place = 'write them as annotations, in spec.';
        assertWarned(await workload(kind, { labels }), 'rollcall.dev/inject', place);
        assertWarned(await workload(kind, {}, template({ labels })), 'rollcall.dev/inject', place);
        assertQuiet(await workload(kind, { labels }, template({ labels, annotations: INJECT })));
      });
    }

    test('more keys than anybody writes are not looked through, which would take ever longer', async () => {
      const keysOf = (count: number) =>
        Object.fromEntries(Array.from({ length: count }, (_, index) => [`rollcall.dev/file-${index}`, 'x']));
      const owns = (count: number): Metadata[] => [{ annotations: keysOf(count) }, { labels: keysOf(count) }];
      for (const kind of Object.keys(kinds)) {
        for (const metadata of owns(201)) {
          assertQuiet(await workload(kind, metadata));
          assertQuiet(await workload(kind, {}, template(metadata)));
        }
        // Some labels are there already, those of a Job among them.
        for (const metadata of owns(190)) {
          assert.equal((await workload(kind, metadata)).warnings.length, 1);
          assert.equal((await workload(kind, {}, template(metadata))).warnings.length, 1);
        }
      }
      assertQuiet(await namespace({ annotations: keysOf(201) }));
      assert.equal((await namespace({ annotations: keysOf(200) })).warnings.length, 1);
    });

    test('a workload whose pods would be refused for want of a group, or for a wrong word, is warned of', async () => {
      const asks = { 'rollcall.dev/inject': 'true' };
      const of = (annotations: Texts) => template({ annotations });
      for (const kind of Object.keys(kinds)) {
        const wrong = await workload(kind, {}, of({ ...INJECT, 'rollcall.dev/inject': 'yes' }));
        assertWarned(wrong, 'will be refused', 'rollcall.dev/inject: "yes"', 'give "true" or "false"');
        for (const annotations of [OPT_OUT, { 'rollcall.dev/log-level': 'debug' }])
          assertQuiet(await workload(kind, {}, of(annotations)));
        const lonely = await workload(kind, {}, of(asks));
        if (kind === 'StatefulSet') assertQuiet(lonely);
        else
          assertWarned(
            lonely,
            'will be refused',
            'rollcall.dev/service: "NAME"',
            'template.metadata.annotations',
          );
        for (const group of ['service', 'selector', 'group.backends'])
          assertQuiet(await workload(kind, {}, of({ ...asks, [`rollcall.dev/${group}`]: 'app=db' })));
      }
      assertWarned(await workload('StatefulSet', {}, of(asks), { serviceName: '' }), 'will be refused');
      const { metadata, spec } = of(asks);
      assertQuiet(
        await workload(
          'Deployment',
          {},
          { metadata: metadata!, spec: { ...spec, subdomain: 'db' } as never },
        ),
      );
    });

    test('a key whose domain is misspelt is warned of: no webhook is called for it', async () => {
      for (const domain of [
        'rolcall.dev',
        'rollcal.dev',
        'roll-call.dev',
        'rollcall.io',
        'rollcall.dev.example',
      ]) {
        const pods = template({
          annotations: { [`${domain}/inject`]: 'true', [`${domain}/file.x`]: '{name}' },
        });
        for (const kind of Object.keys(kinds))
          assertWarned(
            await workload(kind, {}, pods),
            `: ${domain}/inject; the keys of Rollcall begin with rollcall.dev/`,
          );
      }
      const others = {
        'sidecar.example/inject': 'true',
        'rollcall.example/other': '',
        'scroll.example/inject': 'true',
      };
      assertQuiet(await workload('Deployment', {}, template({ annotations: others })));
    });

    test('a key of the pods that there is not is warned of, and every key that there is is known', async () => {
      const known = Object.values<Key<unknown>>(keys).filter(({ on }) =>
        (PLACES[on] as readonly string[]).includes('pod'),
      );
      const all = known.map(({ key, example }): [string, string] => [
        key.endsWith('.') ? `${key}x` : key,
        example,
      ]);
      // The gate of an ordered StatefulSet is another matter.
      const { 'rollcall.dev/wait-for': _, ...annotations } = Object.fromEntries(all);
      for (const kind of Object.keys(kinds)) {
        assertQuiet(await workload(kind, {}, template({ annotations })));
        const misspelt = template({
          annotations: { ...INJECT, 'rollcall.dev/servise': 'db', 'rollcall.dev/file': 'x' },
        });
        assertWarned(
          await workload(kind, {}, misspelt),
          /not known.*: rollcall\.dev\/(servise|file), rollcall\.dev/,
        );
      }
    });

    test('a key of namespaces on pods is warned of with its place, and not as one that there is not', async () => {
      const annotations = { ...INJECT, 'rollcall.dev/pod-access': 'true', 'rollcall.dev/grant': 'shop' };
      for (const kind of Object.keys(kinds))
        assertWarned(
          await workload(kind, {}, template({ annotations })),
          /on pods these annotations do nothing: rollcall\.dev\/(pod-access|grant), rollcall.*; write them on the namespace$/,
        );
    });

    test('the question itself, misspelt on a pod, is warned of: no webhook is called for it', async () => {
      const path = `/api/v1/namespaces/${NAMESPACE}/pods`;
      assertWarned(
        await create(path, appPod({ name: 'typo' }, { 'rollcall.dev/injct': 'true' })),
        'rollcall.dev/injct',
      );
      assertQuiet(
        await create(path, appPod({ name: 'asking' }, { ...INJECT, 'rollcall.dev/servise': 'db' })),
      );
    });

    test('only the keys that the template lacks are named', async () => {
      const annotations = { ...INJECT, 'rollcall.dev/wait-for': '3' };
      const reply = await workload('Deployment', { annotations }, template({ annotations: INJECT }));
      assertWarned(reply, 'rollcall.dev/wait-for');
      assert.doesNotMatch(reply.warnings[0]!, /rollcall\.dev\/(inject|service)/);
    });

    test('what a controller made is left alone', async () => {
      for (const kind of ['ReplicaSet', 'Job']) {
        assertQuiet(await workload(kind, { annotations: INJECT, ownerReferences: OWNED }));
      }
      const owner = [{ apiVersion: 'v1', kind: 'Owner', name: 'owner', uid: 'c0ffee' }];
      assertWarned(await workload('Job', { annotations: INJECT, ownerReferences: owner }), 'Job');
    });

    test('annotations of the jobs of a CronJob are not those of their pods', async () => {
      const { path } = kinds.CronJob!;
      const jobTemplate = { metadata: { annotations: INJECT }, spec: jobSpec(template()) };
      const spec = { schedule: '@daily', jobTemplate };
      const reply = await create(path, { metadata: { name: 'db' }, spec });
      assertWarned(reply, 'rollcall.dev/inject', 'spec.jobTemplate.spec.template.metadata.annotations');
    });

    test('a label of a pod made by hand is warned of, of one made by a controller not', async () => {
      const pods = `/api/v1/namespaces/${NAMESPACE}/pods`;
      const pod = appPod({ name: 'bare' });
      const labels = { 'rollcall.dev/inject': 'true' };
      const labelled = { ...pod, metadata: { name: 'bare', labels } };
      assertWarned(await create(pods, labelled), 'rollcall.dev/inject', /in metadata\.annotations$/);
      const owned = { ...pod, metadata: { name: 'bare', labels, ownerReferences: OWNED } };
      assertQuiet(await create(pods, owned));
      assertQuiet(await create(pods, pod));
    });

    test('the label of namespaces is told to be one', async () => {
      const sentence = 'rollcall.dev/injection is a label of namespaces';
      assertWarned(await workload('Deployment', { labels: ENABLED }), sentence);
      assertWarned(await workload('Deployment', {}, template({ annotations: ENABLED })), sentence);
    });

    test('a template without metadata and a workload without annotations are no fault', async () => {
      assertQuiet(await workload('Job', {}, { spec: template().spec }));
      const bare = await workload('Job', { annotations: INJECT }, { spec: template().spec });
      assertWarned(bare, 'rollcall.dev/inject');
    });

    test('an update is looked at, the status and the scale that controllers write are not', async () => {
      const { path, spec } = kinds.Deployment!;
      const object = { metadata: { name: 'kept', annotations: INJECT }, spec: spec(template()) };
      assert.equal((await plane.request('POST', path, object)).status, 201);
      const patch = async (part: string, body: object) => {
        const type = { 'content-type': 'application/merge-patch+json' };
        const reply = await plane.request('PATCH', `${path}/kept${part}`, body, type);
        assert.equal(reply.status, 200, JSON.stringify(reply.body.message));
        return reply;
      };
      assertWarned(await patch('', { spec: { replicas: 2 } }), 'rollcall.dev/inject');
      assertQuiet(await patch('/scale', { spec: { replicas: 3 } }));
      assertQuiet(await patch('/status', { status: { observedGeneration: 1 } }));
    });

    test('the longest warning still ends with what to do', async () => {
      const names = Array.from({ length: 40 }, (_, index) => `rollcall.dev/file.${index}-${'x'.repeat(50)}`);
      const annotations = Object.fromEntries(names.map((name) => [name, '{hostname}']));
      assertWarned(await workload('Deployment', { annotations }), /spec\.template\.metadata\.annotations$/);
    });
  });

  suite('a namespace', () => {
    test('whose label is written as an annotation is warned of', async () => {
      assertWarned(await namespace({ annotations: ENABLED }), 'write it as a label');
      assertQuiet(await namespace({ annotations: ENABLED, labels: ENABLED }));
    });

    test('whose label has no known value is warned of, with the value and what to write', async () => {
      const reply = await namespace({ labels: { 'rollcall.dev/injection': 'true' } });
      assertWarned(reply, 'rollcall.dev/injection: "true"', 'write "enabled"');
    });

    test('with defaults for its pods that there are not is warned of, and with all that there are is not', async () => {
      const annotations = { 'rollcall.dev/servce': 'db', other: 'x' };
      assertWarned(await namespace({ annotations }), 'rollcall.dev/servce', /no defaults for pods/);
      const known = Object.values<Key<unknown>>(keys).filter(
        ({ on, kind }) => kind === 'annotation' && (PLACES[on] as readonly string[]).includes('namespace'),
      );
      const all = known.map(({ key, example }): [string, string] => [
        key.endsWith('.') ? `${key}x` : key,
        example,
      ]);
      assertQuiet(await namespace({ annotations: Object.fromEntries(all) }));
    });

    test('with what only pods may say is warned of, key by key', async () => {
      const ofPods = Object.values<Key<unknown>>(keys).filter(
        ({ on, key }) => !(PLACES[on] as readonly string[]).includes('namespace') && key !== keys.inject.key,
      );
      assert.ok(ofPods.length > 6);
      for (const { key, example } of ofPods) {
        const whole = key.endsWith('.') ? `${key}x` : key;
        assertWarned(await namespace({ annotations: { [whole]: example } }), whole, /write them on the pods/);
      }
    });

    test('with the annotation of pods, also as a label, is warned of', async () => {
      for (const place of ['annotations', 'labels']) {
        assertWarned(
          await namespace({ [place]: { 'rollcall.dev/inject': 'true' } }),
          'rollcall.dev/injection: enabled',
        );
      }
    });

    test('that is right, or says nothing, is fine', async () => {
      assertQuiet(await namespace({ labels: ENABLED }));
      assertQuiet(await namespace({ labels: { 'rollcall.dev/injection': 'disabled' } }));
      assertQuiet(await namespace({ annotations: { 'rollcall.dev/wait-for': '3' } }));
      assertQuiet(await namespace({}));
    });
  });

  suite('a StatefulSet that waits for its own pods', () => {
    const set = (annotations: Record<string, string>, more: object = {}) =>
      workload('StatefulSet', {}, template({ annotations }), more);

    test('one after the other is warned of, with the fix', async () => {
      const sentence = 'rollcall.dev/wait-for: "3"';
      assertWarned(await set(WAITING), sentence, 'spec.podManagementPolicy: Parallel');
      assertWarned(await set(WAITING, { podManagementPolicy: 'OrderedReady' }), sentence);
      const { 'rollcall.dev/service': _, ...unnamed } = WAITING;
      assertWarned(await set(unnamed), sentence);
      assertWarned(await set({ ...WAITING, 'rollcall.dev/source': 'dns' }), sentence);
    });

    test('one after the other is warned of in each form that waits for a later pod', async () => {
      for (const text of ['2 ready', 'all', 'all ready', 'ordinal 1', ' ordinal  12  ready ', '100'])
        assertWarned(
          await set({ ...WAITING, 'rollcall.dev/wait-for': text }),
          `rollcall.dev/wait-for: "${text}"`,
        );
      for (const text of ['1 ready', 'ordinal 0', 'ordinal 0 ready', '01'])
        assertQuiet(await set({ ...WAITING, 'rollcall.dev/wait-for': text }));
    });

    test('all at once is fine', async () => {
      assertQuiet(await set(WAITING, { podManagementPolicy: 'Parallel' }));
    });

    test('that follows others, waits for itself alone, or is not injected, is fine', async () => {
      for (const fine of [
        { 'rollcall.dev/service': 'another' },
        { 'rollcall.dev/source': 'pods' },
        { 'rollcall.dev/selector': 'app=other' },
        { 'rollcall.dev/wait-for': '1' },
        { 'rollcall.dev/wait-for': '0' },
        { 'rollcall.dev/inject': 'false' },
      ]) {
        assertQuiet(await set({ ...WAITING, ...fine }));
      }
      assertQuiet(await set(INJECT));
      assertQuiet(await set({}));
    });

    test('a number that is none is for the webhook to refuse', async () => {
      for (const text of ['three', '', '-1', '99999999999999999999']) {
        assertQuiet(await set({ ...WAITING, 'rollcall.dev/wait-for': text }));
      }
    });

    test('by what its namespace says, is warned of as well', async () => {
      const post = await inNamespace('waiting', { 'rollcall.dev/wait-for': '2' });
      assertWarned(await post({}), 'rollcall.dev/wait-for: "2"');
      assertQuiet(await post({ 'rollcall.dev/wait-for': '1' }));
      assertQuiet(await post(OPT_OUT));
      assertQuiet(await post({ 'rollcall.dev/service': 'another' }));
    });

    test('named by itself is warned of where its namespace names labels, and not otherwise', async () => {
      const defaults = { 'rollcall.dev/wait-for': '2', 'rollcall.dev/selector': 'app=other' };
      const post = await inNamespace('chosen', defaults, { 'rollcall.dev/service': 'db' });
      assertWarned(await post({ 'rollcall.dev/service': 'db' }), 'rollcall.dev/wait-for: "2"');
      assertQuiet(await post({}));
    });

    /** Creates in a namespace with these defaults, once they have reached admission, where `warned` shows them. */
    const inNamespace = async (name: string, annotations: Texts, warned = {}) => {
      await plane.ensureNamespace(name, ENABLED);
      const type = { 'content-type': 'application/merge-patch+json' };
      await plane.must('PATCH', `/api/v1/namespaces/${name}`, { metadata: { annotations } }, type);
      const post = (own: Texts) => {
        const spec = kinds.StatefulSet!.spec(template({ annotations: own }));
        const path = `/apis/apps/v1/namespaces/${name}/statefulsets`;
        return create(path, { metadata: { name: 'db' }, spec });
      };
      await eventually('a warning', async () => (await post(warned)).warnings.length > 0);
      return post;
    };
  });

  test('no expression failed on any of these', async () => {
    const metrics = (await plane.request('GET', '/metrics')).body;
    const name = 'apiserver_validating_admission_policy_check_total';
    assert.ok(metricSum(metrics, name, { enforcement_action: 'warn' }) > 0);
    // What an ignored failure is counted as.
    assert.equal(metricSum(metrics, name, { enforcement_action: 'allow' }), 0);
  });
});
