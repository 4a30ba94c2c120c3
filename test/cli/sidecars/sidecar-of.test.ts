import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Fields } from '../../../src/cli/document/value.ts';
import { sidecarOf } from '../../../src/cli/sidecars/sidecar-of.ts';
import { decide } from '../../../src/inject/inject.ts';

/** The pod as the webhook makes it: what is read here is what is written there. */
function injected(annotations: Record<string, string>): Fields {
  const pod = {
    metadata: { name: 'db-0', annotations: { 'rollcall.dev/inject': 'true', ...annotations } },
    spec: { containers: [{ name: 'app', image: 'app:1' }] },
  };
  const namespace = { name: 'shop', labels: {}, annotations: { 'rollcall.dev/pod-access': 'true' } };
  const install = {
    image: 'rollcall:1',
    version: '1',
    defaults: {},
    nativeSidecars: true,
    podResources: true,
  };
  const decision = decide(pod, { namespace, install, dryRun: false });
  assert.equal(decision.kind, 'inject');
  const { sidecar } = (decision as { plan: { sidecar: object } }).plan;
  return { ...pod, spec: { ...pod.spec, initContainers: [sidecar] } } as unknown as Fields;
}

test('of a pod that the webhook made, the group, the source and the port are known', () => {
  const of = (annotations: Record<string, string>) => sidecarOf(injected(annotations));
  assert.deepEqual(of({ 'rollcall.dev/service': 'db' }), {
    source: 'endpointslices',
    group: 'db',
    port: 17655,
  });
  assert.deepEqual(
    of({ 'rollcall.dev/service': 'db', 'rollcall.dev/source': 'dns', 'rollcall.dev/port': '1234' }),
    {
      source: 'dns',
      group: 'db',
      port: 1234,
    },
  );
  assert.deepEqual(of({ 'rollcall.dev/selector': 'app=db,tier in (a, b)', 'rollcall.dev/port': 'off' }), {
    source: 'pods',
    group: 'app=db,tier in (a, b)',
    port: 'off',
  });
});

test('a pod whose groups all have names has none that is followed without one', () => {
  const pod = injected({ 'rollcall.dev/group.backends': 'service tcp-servers' });
  assert.deepEqual(sidecarOf(pod), { source: 'endpointslices', group: undefined, port: 17655 });
});

test('what is no port is none, since whoever may create a pod writes it', () => {
  const pod = (value: string) => ({
    spec: {
      initContainers: [{ name: 'rollcall', args: ['sidecar'], env: [{ name: 'ROLLCALL_PORT', value }] }],
    },
  });
  for (const value of ['', 'x', '0', '-1', '1.5', '65536', '80/../../../x'])
    assert.equal(sidecarOf(pod(value))?.port, 'off', value);
  assert.equal(sidecarOf(pod('65535'))?.port, 65535);
});

test('a pod without the sidecar has none, whatever is in its place', () => {
  for (const pod of [
    {},
    { spec: {} },
    { spec: { containers: 'x' } },
    { spec: { containers: [null, 'x', { name: 'rollcall' }] } },
  ]) {
    assert.equal(sidecarOf(pod as Fields), undefined);
  }
});
