/** Each value of the chart: what it changes, and that it changes nothing else. */

import assert from 'node:assert/strict';
import { before, suite, test } from 'node:test';
import { ADMISSION_CASES } from './admission-options.ts';
import { CERTIFICATE_CASES } from './certificate-options.ts';
import { difference } from './difference.ts';
import { byName, chart, lint, type Manifest, missing } from './rendered.ts';
import { SCHEDULING_CASES } from './scheduling-options.ts';
import { TRAFFIC_CASES } from './traffic-options.ts';
import { VALUES } from './values-table.ts';
import { WORKLOAD_CASES } from './workload-options.ts';

const CASES = [
  ...WORKLOAD_CASES,
  ...SCHEDULING_CASES,
  ...ADMISSION_CASES,
  ...CERTIFICATE_CASES,
  ...TRAFFIC_CASES,
];

suite('values of the chart', { skip: missing('helm') }, () => {
  let plain: Manifest[];

  before(async () => {
    plain = await chart();
  });

  for (const { about, set, changes } of CASES) {
    test(about, async () => {
      assert.deepEqual(difference(plain, await chart(set)), changes);
    });
  }

  test('every value is in a case', () => {
    const set = CASES.flatMap((one) => pathsOf(one.set));
    const uncovered = VALUES.filter(
      ({ path }) => !set.some((one) => one === path || one.startsWith(`${path}.`)),
    );
    assert.deepEqual(
      uncovered.map(({ path }) => path),
      [],
    );
  });

  test('all at once, helm lint has nothing to say', async () => {
    const everything = { requireInjection: true, metrics: { serviceMonitor: { enabled: true } } };
    assert.match(await lint({ ...everything, platform: 'openshift' }), /0 chart\(s\) failed/);
  });

  test('a chart that is upgraded leaves certificates and owner to the webhook', () => {
    const { metadata, webhooks } = byName(plain)['MutatingWebhookConfiguration rollcall'];
    assert.equal(metadata.ownerReferences, undefined);
    for (const { clientConfig } of webhooks) assert.equal(clientConfig.caBundle, undefined);
  });

  test('in another namespace nothing speaks of rollcall-system', async () => {
    const set = {
      requireInjection: true,
      platform: 'openshift',
      metrics: { serviceMonitor: { enabled: true } },
    };
    const objects = await chart(set, '123');
    assert.doesNotMatch(JSON.stringify(objects), /rollcall-system/);
    for (const object of objects) {
      const { kind, metadata } = object;
      assert.ok([undefined, '123'].includes(metadata.namespace), `${kind} ${metadata.name}`);
    }
    const policy = byName(objects)['ValidatingAdmissionPolicy rollcall-webhook-secrets'];
    assert.match(JSON.stringify(policy), /system:serviceaccount:123:rollcall/);
  });

  test('metrics are read with the certificate checked, and found by the labels that were given', async () => {
    const serviceMonitor = { enabled: true, labels: { release: 'prometheus' }, interval: '15s' };
    const objects = await chart({ metrics: { serviceMonitor } });
    const monitor = byName(objects)['ServiceMonitor rollcall'];
    assert.equal(monitor.metadata.labels.release, 'prometheus');
    assert.equal(monitor.spec.endpoints[0].interval, '15s');
    assert.deepEqual(monitor.spec.endpoints[0].tlsConfig, {
      serverName: 'rollcall.rollcall-system.svc',
      ca: { secret: { name: 'rollcall-tls', key: 'ca.crt' } },
    });
    const service = byName(plain)['Service rollcall'];
    const wanted = Object.entries(monitor.spec.selector.matchLabels);
    for (const [key, value] of wanted) assert.equal(service.metadata.labels[key], value);
    assert.equal(service.spec.ports[0].name, monitor.spec.endpoints[0].port);
  });
});

function pathsOf(value: unknown, path = ''): string[] {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return [path];
  return Object.entries(value).flatMap(([key, inner]) =>
    pathsOf(inner, path === '' ? key : `${path}.${key}`),
  );
}
