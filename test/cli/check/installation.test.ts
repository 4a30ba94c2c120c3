import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { RULES } from '../../../src/cli/inject/access-objects.ts';
import type { Answers } from '../answering-api.ts';
import {
  ADMISSION,
  BUDGETS,
  CONFIGURATION,
  CREATE,
  ca,
  codesOf,
  configuration,
  DEPLOYMENT,
  DEPLOYMENTS,
  fine,
  NAMESPACE,
  OWNER,
  ROLE,
  rights,
  rightsIn,
  SECRET,
  SLICES,
  unwell,
} from './checked-cluster.ts';

describe('rollcall check', () => {
  test('a configuration that is missing or half there', async (t) => {
    const [missing, code] = await unwell(t, { [CONFIGURATION]: [404, {}] });
    assert.equal(
      missing[0],
      'fail webhook-configuration: there is no MutatingWebhookConfiguration "rollcall"',
    );
    assert.equal(code, 1);
    const untried = { [CONFIGURATION]: [404, {}], [CREATE]: [201, { spec: { containers: [] } }] } as Answers;
    assert.deepEqual(await codesOf(t, untried), ['not-installed', 'not-installed', 'not-installed']);
    const [half] = await unwell(t, { [CONFIGURATION]: [200, configuration(ca)] });
    assert.deepEqual(half, ['fail webhook-configuration: it has no entry namespaces.rollcall.dev']);
  });

  test('a configuration that would outlive the namespace of the webhook', async (t) => {
    const found = (metadata: object, more: Answers = {}) =>
      unwell(t, { [CONFIGURATION]: [200, { ...configuration(ca, ca), metadata }], ...more });
    const outlives = [
      [
        'warn webhook-configuration: it would outlive the namespace rollcall-system, and pods that ask would be refused',
      ],
      0,
    ];
    assert.deepEqual(await found({}), outlives);
    assert.deepEqual(await found({ ownerReferences: [{ ...OWNER, uid: 'of-a-former-one' }] }), outlives);
    assert.deepEqual(await found({ annotations: null, labels: null, ownerReferences: null }), outlives);
    const mark = { 'argocd.argoproj.io/tracking-id': 'rollcall' };
    assert.deepEqual(await found({ annotations: mark }), [[], 0], 'Argo CD deletes it itself');
    assert.deepEqual(await found({}, { [NAMESPACE]: [404, {}] }), [[], 0], 'a webhook outside of a cluster');
  });

  test('a cluster without Rollcall is told once, and so is the policy that was left behind', async (t) => {
    const nothing: Answers = { [CONFIGURATION]: [404, {}], [DEPLOYMENT]: [404, {}], [ROLE]: [404, {}] };
    const [bad, code] = await unwell(t, nothing);
    assert.match(
      bad[0]!,
      /^fail webhook-configuration: Rollcall is not installed: .* no Deployment rollcall/,
    );
    assert.deepEqual([bad.length, code], [1, 1]);
    const binding = `GET ${ADMISSION}/validatingadmissionpolicybindings/rollcall-require-injection`;
    assert.deepEqual(await codesOf(t, { ...nothing, [binding]: [200, {}] }), ['policy-left']);
  });

  test('the namespace of the webhook is the one that the configuration calls', async (t) => {
    const { metadata, webhooks } = configuration(ca, ca);
    const calling = (namespace: string) => ({
      metadata,
      webhooks: webhooks.map((entry) => ({
        ...entry,
        clientConfig: { ...entry.clientConfig, service: { namespace, name: 'rollcall' } },
      })),
    });
    const elsewhere = Object.fromEntries(
      [SECRET, DEPLOYMENT, SLICES, BUDGETS].map((path) => [
        path.replace('rollcall-system', 'who'),
        fine[path]!,
      ]),
    );
    const moved: Answers = {
      [DEPLOYMENTS]: [200, { items: [] }],
      ...rightsIn('who'),
      [SECRET]: [404, {}],
      [DEPLOYMENT]: [404, {}],
      [SLICES]: [404, {}],
      ...elsewhere,
    };
    assert.deepEqual(await unwell(t, { ...moved, [CONFIGURATION]: [200, calling('who')] }), [[], 0]);
    const named = ['--system-namespace', 'who'];
    assert.deepEqual(await codesOf(t, moved, ...named), []);
    assert.deepEqual(await codesOf(t, { [CONFIGURATION]: [200, calling('../x')] }), [], 'it is no name');
  });

  test('a second installation, which took the configuration, the rights, or nothing', async (t) => {
    const { metadata, webhooks } = configuration(ca, ca);
    const calling = (...namespaces: string[]) => ({
      metadata,
      webhooks: webhooks.map((entry, index) => ({
        ...entry,
        clientConfig: { ...entry.clientConfig, service: { namespace: namespaces[index], name: 'rollcall' } },
      })),
    });
    const system = OWNER.name;
    assert.deepEqual(await unwell(t, { [CONFIGURATION]: [200, calling(system, 'who')] }), [
      [
        'fail installations: the webhook configuration calls a Service in who, and not only that in rollcall-system',
      ],
      1,
    ]);
    const named = ['--system-namespace', system];
    const taken = { [CONFIGURATION]: [200, calling('who', 'who')] } as Answers;
    assert.deepEqual(await codesOf(t, taken, ...named), ['installed-twice']);
    const deployed = [system, 'who', '\u001b[31m'].map((namespace) => ({ metadata: { namespace } }));
    assert.deepEqual(await unwell(t, { [DEPLOYMENTS]: [200, { items: deployed }] }), [
      ['warn installations: there is a Deployment rollcall in who too, which no webhook configuration calls'],
      0,
    ]);
    const bindings = Object.keys(rights).filter((path) => path.includes('bindings/'));
    for (const path of bindings) {
      const subjects = [{ kind: 'ServiceAccount', namespace: 'who', name: 'rollcall' }];
      const [[found]] = await unwell(t, { [path]: [200, { subjects }] });
      assert.match(
        found!,
        /^fail webhook-rights: .* is not to the account rollcall of rollcall-system$/,
        path,
      );
    }
    assert.equal(bindings.length, 3);
  });

  test('answers that no API server gives end no check', async (t) => {
    const odd = {
      items: [null, 1, { metadata: 5, endpoints: [null], status: 'x' }],
      rules: [null, { resources: 'x', verbs: 5 }],
      webhooks: [null, { clientConfig: 3 }],
      data: { 'ca.crt': 5, 'tls.crt': '%%%' },
    };
    const texts = { items: 'x', rules: 'x', webhooks: 'x', data: 'x', subjects: 'x', spec: [], status: 'x' };
    const whole = Object.keys(fine).filter((path) => path !== CONFIGURATION && path !== 'GET /version');
    for (const body of [odd, texts])
      for (const paths of [whole, [CONFIGURATION]]) {
        const answers: Answers = Object.fromEntries(paths.map((path) => [path, [200, body]]));
        for (const more of [[], ['--pre']])
          assert.ok((await codesOf(t, answers, ...more)).length > 0, `${paths[0]} ${more}`);
      }
  });

  test('what says no version is no API server', async (t) => {
    const [bad] = await unwell(t, { 'GET /version': [200, {}] });
    assert.equal(bad.length, 1);
    assert.match(bad[0]!, /^fail api: what answers at http:\S+ says no version of Kubernetes$/);
  });

  test('a ClusterRole that lacks a verb', async (t) => {
    const rules = RULES['rollcall-watcher'].map((rule) => ({ ...rule, verbs: ['get', 'list'] }));
    assert.deepEqual(await unwell(t, { [ROLE]: [200, { rules }] }), [
      ['fail cluster-role: rollcall-watcher may not list and watch endpointslices'],
      1,
    ]);
  });
});
