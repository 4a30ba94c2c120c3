/** The commands for people at a terminal, on a real kube-apiserver with the webhook behind it. */

import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, suite, test } from 'node:test';
import type { Explanation } from '../../src/cli/explain/explanation.ts';
import { CRON_JOB } from '../cli/inject/manifests.ts';
import { run } from '../cli/run.ts';
import { type ControlPlane, startControlPlane } from '../support/control-plane.ts';
import { HUNG_MS } from '../support/deadlines.ts';
import { type OutsideWebhook, SYSTEM_NAMESPACE, startOutsideWebhook } from '../support/deployment.ts';
import { eventually } from '../support/eventually.ts';
import { appPod, INJECT, isInjected, OPT_OUT } from './app-pod.ts';

suite('the command line on a real API server', { timeout: HUNG_MS }, () => {
  let plane: ControlPlane;
  let webhook: OutsideWebhook;

  before(async () => {
    plane = await startControlPlane();
    await plane.ensureNamespace(SYSTEM_NAMESPACE);
    await plane.ensureNamespace('shop');
    await plane.ensureNamespace('default');
    webhook = await startOutsideWebhook(plane);
    await eventually('call of the webhook', async () => {
      const path = '/api/v1/namespaces/shop/pods?dryRun=All';
      const { body } = await plane.request('POST', path, appPod({ name: 'probe' }, INJECT));
      return body.kind === 'Pod' && isInjected(body);
    });
  });

  after(async () => {
    await webhook?.process.kill();
    await plane?.stop();
  });

  const cli = (command: 'explain' | 'check', ...argv: string[]) =>
    run(command, [...argv, '--kubeconfig', plane.kubeconfig]);

  const explained = async (...argv: string[]): Promise<Explanation> => {
    const { out, err } = await cli('explain', '-n', 'shop', '-o', 'json', ...argv);
    assert.equal(err, '');
    return JSON.parse(out)[0];
  };

  const answers = ({ rules }: Explanation) =>
    Object.fromEntries(rules.map(({ rule, answer }) => [rule, answer]));
  const pods = '/api/v1/namespaces/shop/pods';

  const checks = async (): Promise<[Record<string, string>, number]> => {
    const { out, code } = await cli('check', '-n', 'shop', '-o', 'json');
    const { checks: all } = JSON.parse(out) as { checks: { name: string; status: string }[] };
    return [Object.fromEntries(all.map(({ name, status }) => [name, status])), code];
  };

  test('check says what is wrong, and then that all is well', async () => {
    const fine = {
      api: 'ok',
      clock: 'ok',
      'webhook-configuration': 'ok',
      installations: 'ok',
      certificates: 'ok',
      deployment: 'ok',
      endpoints: 'ok',
      drains: 'ok',
      'cluster-role': 'ok',
      'webhook-rights': 'ok',
      policies: 'ok',
      access: 'ok',
      'dry-run': 'ok',
      'missed-pods': 'ok',
      'waiting-sidecars': 'ok',
      'stale-sidecars': 'ok',
      'sidecar-versions': 'ok',
      grants: 'ok',
      'group-sizes': 'ok',
    };
    // There is no kubelet and no controller: what they would report is missing.
    assert.deepEqual(await checks(), [{ ...fine, deployment: 'fail', endpoints: 'fail' }, 1]);
    const deployment = `/apis/apps/v1/namespaces/${SYSTEM_NAMESPACE}/deployments/rollcall`;
    const status = { replicas: 2, availableReplicas: 2, readyReplicas: 2, updatedReplicas: 2 };
    await plane.must('PUT', `${deployment}/status`, { ...(await plane.must('GET', deployment)), status });
    await plane.must('POST', `/apis/discovery.k8s.io/v1/namespaces/${SYSTEM_NAMESPACE}/endpointslices`, {
      metadata: { name: 'rollcall-1', labels: { 'kubernetes.io/service-name': 'rollcall' } },
      addressType: 'IPv4',
      endpoints: [{ addresses: ['10.0.0.1'], conditions: { ready: true } }],
    });
    assert.deepEqual(await checks(), [fine, 0]);
    const { out } = await cli('check', '-n', 'shop');
    assert.match(out, /^ok {4}api: Kubernetes v1/);
    assert.match(out, /\nAll is well\.\n$/);
  });

  test('an injected pod is explained', async () => {
    await plane.must('POST', pods, appPod({ name: 'asks' }, INJECT));
    const explanation = await explained('pod/asks');
    assert.equal(explanation.result, 'inject');
    assert.equal(explanation.injected, true);
    assert.deepEqual(answers(explanation), {
      'webhook-configured': 'yes',
      // It is outside of the cluster here.
      'webhook-reachable': 'unknown',
      'pod-asks': 'yes',
      'namespace-asks': 'no',
      'webhook pods.rollcall.dev': 'yes',
      'webhook namespaces.rollcall.dev': 'no',
      decision: 'yes',
      // Nobody has made its Service.
      group: 'no',
      'dry-run': 'yes',
      'pod-injected': 'yes',
    });
    assert.deepEqual(explanation.warnings, []);
  });

  test('a pod that was made before its namespace was labelled is told to be made again', async () => {
    await plane.ensureNamespace('late');
    const late = '/api/v1/namespaces/late/pods';
    await plane.must('POST', late, appPod({ name: 'old' }, {}, { subdomain: 'app' }));
    const patch = { 'content-type': 'application/merge-patch+json' };
    const labels = { 'rollcall.dev/injection': 'enabled' };
    await plane.must('PATCH', '/api/v1/namespaces/late', { metadata: { labels } }, patch);
    await eventually('injection by label', async () => {
      const pod = appPod({ name: 'new' }, {}, { subdomain: 'app' });
      return isInjected((await plane.request('POST', `${late}?dryRun=All`, pod)).body);
    });
    const { out, code } = await cli('explain', 'pod/old', '-n', 'late');
    assert.equal(code, 0);
    assert.match(out, /^pod\/old in late has no sidecar; a pod that is created now would get one\n/);
    assert.match(out, /yes +dry-run +a copy that is created now would have the sidecar/);
    assert.match(out, /no +pod-injected/);
    assert.match(out, /delete the pod, or restart its workload, to have it made again/);
  });

  test('a pod that opted out, and one that the webhook never sees', async () => {
    await plane.must('POST', pods, appPod({ name: 'out' }, OPT_OUT));
    const out = await explained('pod/out');
    assert.deepEqual([out.result, out.code, out.injected], ['skip', 'opted-out', false]);
    assert.equal(answers(out)['dry-run'], 'no');
    await plane.must('POST', pods, appPod({ name: 'bystander' }));
    assert.equal((await explained('po/bystander')).code, 'not-opted-in');
  });

  test('a workload is explained by its template', async () => {
    const { metadata, spec } = appPod({ name: 'any' }, { 'rollcall.dev/inject': 'true' });
    const template = { metadata: { ...metadata, labels: { app: 'db' } }, spec };
    await plane.must('POST', '/apis/apps/v1/namespaces/shop/statefulsets', {
      metadata: { name: 'db' },
      spec: { serviceName: 'db', selector: { matchLabels: { app: 'db' } }, template },
    });
    const explanation = await explained('sts/db');
    assert.equal(explanation.result, 'inject');
    assert.equal(answers(explanation)['dry-run'], 'yes');
    const { out } = await cli('explain', 'sts/db', '-n', 'shop');
    assert.match(out, /for service db by endpointslices/);
  });

  test('a file is explained with the namespaces of the cluster', async () => {
    const file = join(plane.directory, 'tidy.yaml');
    await writeFile(file, CRON_JOB);
    const explanation = await explained('-f', file);
    assert.deepEqual([explanation.kind, explanation.result], ['cronjob', 'inject']);
    assert.equal(answers(explanation)['dry-run'], 'yes');
  });

  test('who may read little is told what is not known', async () => {
    await plane.must('POST', '/api/v1/namespaces/shop/serviceaccounts', { metadata: { name: 'reader' } });
    const rbac = '/apis/rbac.authorization.k8s.io/v1';
    const rules = [{ apiGroups: [''], resources: ['pods'], verbs: ['get'] }];
    await plane.must('POST', `${rbac}/clusterroles`, { metadata: { name: 'reader' }, rules });
    await plane.must('POST', `${rbac}/clusterrolebindings`, {
      metadata: { name: 'reader' },
      roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: 'reader' },
      subjects: [{ kind: 'ServiceAccount', namespace: 'shop', name: 'reader' }],
    });
    const kubeconfig = join(plane.directory, 'reader.kubeconfig');
    await writeFile(kubeconfig, plane.kubeconfigFor(await plane.mintToken('shop', 'reader')));
    const asReader = (...argv: string[]) =>
      run('explain', [...argv, '-n', 'shop', '--kubeconfig', kubeconfig]);
    const { out } = await asReader('pod/asks');
    assert.match(
      out,
      /\? +webhook-configured +it can't be read \(403: .*; taken to be as in deploy\/configuration\.yaml/,
    );
    assert.match(out, /\? +namespace-asks +nothing is known of namespace shop; taken to have no label/);
    assert.match(out, /\? +dry-run +you may not create pods there, so it was not tried/);
    const refused = await asReader('sts/db');
    assert.match(refused.err, /^rollcall: statefulset\/db can't be read; the API server says 403: /);
    assert.equal(refused.code, 1);
    const missing = await cli('explain', 'pod/nobody', '-n', 'shop');
    assert.match(
      missing.err,
      /^rollcall: there is no pod\/nobody in namespace \S+; correct the name, or give another --namespace; if the pod was refused, /,
    );
  });

  /** A pod by hand, as `kubectl apply` gets it. */
  const applied = async (namespace: string) => {
    await plane.ensureNamespace(namespace);
    const pod = appPod({ name: 'by-hand' }, INJECT);
    const { out } = await run('inject', ['-f', '-', '-n', namespace, '-o', 'yaml'], {
      input: JSON.stringify(pod),
    });
    const file = join(plane.directory, `${namespace}.yaml`);
    await writeFile(file, out);
    await plane.kubectl('apply', '-n', namespace, '-f', file);
    return plane.must('GET', `/api/v1/namespaces/${namespace}/pods/by-hand`);
  };

  const mayWatch = async (namespace: string): Promise<boolean> => {
    const review = {
      apiVersion: 'authorization.k8s.io/v1',
      kind: 'SubjectAccessReview',
      spec: {
        user: `system:serviceaccount:${namespace}:rollcall-watcher`,
        resourceAttributes: {
          namespace,
          group: 'discovery.k8s.io',
          resource: 'endpointslices',
          verb: 'watch',
        },
      },
    };
    return (await plane.must('POST', '/apis/authorization.k8s.io/v1/subjectaccessreviews', review)).status
      .allowed;
  };

  test('what inject prints can be applied beside the webhook, and without it', async () => {
    assert.equal(isInjected(await applied('beside')), true);
    const path = '/apis/admissionregistration.k8s.io/v1/mutatingwebhookconfigurations/rollcall';
    await plane.must('DELETE', path);
    await plane.must('DELETE', '/apis/rbac.authorization.k8s.io/v1/clusterroles/rollcall-watcher');
    const pod = await applied('without');
    assert.equal(isInjected(pod), true);
    assert.equal(pod.spec.serviceAccountName, 'rollcall-watcher');
    // The API server judges by a cache, which learns of a binding a moment after it was made.
    await eventually('the right to watch', () => mayWatch('without'));
  });

  test('without the webhook, explain and check say so', async () => {
    const explanation = await explained('pod/asks');
    assert.equal(explanation.result, 'missed');
    assert.match(explanation.rules[0]!.why, /no MutatingWebhookConfiguration "rollcall"; install it/);
    const [found, code] = await checks();
    assert.deepEqual(
      [found['webhook-configuration'], found['cluster-role'], found['dry-run'], code],
      ['fail', 'fail', 'fail', 1],
    );
  });

  test('an API server that is away is told in a sentence', async () => {
    await plane.killApiserver();
    const { err, code } = await cli('explain', 'pod/asks');
    assert.match(
      err,
      /^rollcall: the API server at https:\/\/127.0.0.1:\d+ can't be reached \(ECONNREFUSED\); is it running, .* --context names another\n$/,
    );
    assert.equal(code, 1);
    const failed = await cli('check');
    assert.match(failed.out, /^FAIL {2}api: the API server at .* can't be reached/);
    assert.equal(failed.code, 1);
  });
});
