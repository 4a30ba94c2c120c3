import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { keys } from '../../src/inject/annotations.ts';
import { isInjected, looksLikeOurs } from '../../src/inject/container.ts';
import type { Pod } from '../../src/inject/pod.ts';
import { beforeOf, statusOf } from '../../src/inject/status.ts';
import { applied } from './api-server.ts';
import { annotate, askingPod, injected, pod, readable } from './pods.ts';

const STATUS = keys.status.key;
const withStatus = (text: string) => pod(annotate({ [STATUS]: text }));
const after = (given: Pod, context = {}) => applied(given, injected(given, context).patch);
const written = (given: Pod, context = {}) =>
  JSON.parse(after(given, context).metadata!.annotations![STATUS]!);

describe('the status of an injected pod', () => {
  test('tells the version, the group, the account, and what was before', () => {
    assert.deepEqual(written(askingPod()), {
      version: '0.2.0',
      service: 'db',
      account: 'scoped',
      was: { serviceAccountName: 'default', serviceAccount: 'default' },
    });
  });

  const groups: [annotations: Record<string, string>, group: object][] = [
    [{ [keys.service.key]: 'cache' }, { service: 'cache', account: 'kept' }],
    [{ [keys.selector.key]: 'app=db' }, { selector: 'app=db', account: 'kept' }],
    [{ [keys.source.key]: 'dns' }, { service: 'db', source: 'dns', account: 'unneeded' }],
  ];
  for (const [annotations, group] of groups) {
    test(`tells of ${JSON.stringify(annotations)}`, () => {
      const given = askingPod((made) => {
        annotate(annotations)(made);
        Object.assign(made.spec, { serviceAccountName: 'app', serviceAccount: 'app' });
      });
      assert.deepEqual(written(given, { namespace: readable }), { version: '0.2.0', ...group });
    });
  }

  test('tells that on a dry run the account was left alone', () => {
    assert.deepEqual(written(askingPod(), { dryRun: true }), {
      version: '0.2.0',
      service: 'db',
      account: 'untouched',
    });
  });

  test('keeps what was, as it was: nothing, empty, and what kubectl is to mean', () => {
    const given = askingPod(({ spec, metadata }) => {
      delete spec.serviceAccount;
      Object.assign(spec, {
        serviceAccountName: '',
        automountServiceAccountToken: false,
        initContainers: [],
      });
      spec.volumes = [];
      spec.containers[0]!.volumeMounts = [];
      Object.assign(metadata!.annotations!, { 'kubectl.kubernetes.io/default-container': 'app' });
    });
    const { was, empty } = written(given);
    assert.deepEqual(was, {
      serviceAccountName: '',
      automountServiceAccountToken: false,
      defaultContainer: 'app',
    });
    assert.deepEqual(empty, ['volumes', 'initContainers', 'volumeMounts of app']);
  });

  test('is written once: what was before the first injection is not what was before the second', () => {
    const first = after(askingPod());
    assert.equal(first.spec.serviceAccountName, 'rollcall-watcher');
    const { was } = beforeOf(first, true);
    assert.deepEqual(was, { serviceAccountName: 'default', serviceAccount: 'default' });
    const other = structuredClone(first);
    Object.assign(other.metadata!.annotations!, { [keys.service.key]: 'cache' });
    assert.deepEqual([written(other).service, written(other).was], ['cache', was]);
  });
});

describe('a status that anybody may have written', () => {
  const SHAPES = [
    '',
    'null',
    '"x"',
    '[]',
    '0',
    '{',
    '{}',
    '{"version":1}',
    '{"version":"1","was":null}',
    '{"version":"1","was":"x"}',
    '{"version":"1","was":{"serviceAccountName":1}}',
    '{"version":"1","was":{"automountServiceAccountToken":"yes"}}',
    '{"version":"1","was":{"containers":"x"}}',
    '{"version":"1","was":{"__proto__":"x"}}',
    '{"version":"1","empty":"x"}',
    '{"version":"1","empty":[1]}',
    '{"version":"1","empty":{"0":"volumes"}}',
  ];

  for (const text of SHAPES) {
    test(`counts for nothing as ${text || 'an empty text'}`, () => {
      assert.equal(statusOf(withStatus(text)), undefined);
      const spoofed = askingPod(annotate({ [STATUS]: text }));
      assert.deepEqual(written(spoofed), written(askingPod()));
      const injectedBefore = after(askingPod());
      injectedBefore.metadata!.annotations![STATUS] = text;
      assert.equal(written(injectedBefore).service, 'db');
    });
  }

  test('counts for nothing on a pod without the sidecar', () => {
    const status = '{"version":"9","account":"kept","was":{"serviceAccountName":"admin"}}';
    const spoofed = askingPod(annotate({ [STATUS]: status }));
    assert.ok(!isInjected(spoofed));
    assert.deepEqual(written(spoofed), written(askingPod()));
  });

  test('decides nothing on a pod with it: the account, the group and the token are those of the plan', () => {
    const spoofed = after(askingPod());
    const status = { version: '9', service: 'other', account: 'kept', was: { serviceAccountName: 'admin' } };
    spoofed.metadata!.annotations![STATUS] = JSON.stringify(status);
    const again = injected(spoofed);
    assert.deepEqual([again.plan?.account, again.plan?.accountName], ['scoped', 'rollcall-watcher']);
    assert.deepEqual(
      again.patch.map(({ path }) => path),
      ['/metadata/annotations/rollcall.dev~1status'],
    );
  });

  test('pollutes nothing', () => {
    statusOf(withStatus('{"version":"1","__proto__":{"polluted":true},"was":{"constructor":"x"}}'));
    assert.equal(({} as { polluted?: boolean }).polluted, undefined);
    const odd = pod(({ metadata }) => {
      metadata!.annotations = JSON.parse('{"__proto__": {"rollcall.dev/status": "{}"}}');
    });
    assert.equal(statusOf(odd), undefined);
  });
});

test('a container looks like ours by its name and what it runs', () => {
  assert.ok(looksLikeOurs({ name: 'rollcall', args: ['sidecar'] }));
  assert.ok(looksLikeOurs({ name: 'rollcall', args: ['sidecar', '--port', '1'], image: 'mirror/x' }));
  const others = [
    {},
    { args: [] },
    { args: ['webhook'] },
    { args: ['x', 'sidecar'] },
    { args: 'sidecar' as never },
  ];
  for (const other of others) assert.ok(!looksLikeOurs({ name: 'rollcall', ...other }));
  assert.ok(!looksLikeOurs({ name: 'app', args: ['sidecar'] }));
});

test('the status is written under an escaped key and replaces an older one', () => {
  const pod = after(
    askingPod(({ metadata }) => {
      Object.assign(metadata!.annotations!, { [keys.status.key]: 'old', 'a/b~c': 'kept' });
    }),
  );
  const { [keys.status.key]: status, ...rest } = pod.metadata!.annotations!;
  assert.equal(JSON.parse(status!).version, '0.2.0');
  assert.deepEqual(rest, { 'rollcall.dev/inject': 'true', 'a/b~c': 'kept' });
});

test('annotation keys that all objects inherit are kept and pollute nothing', () => {
  const given = askingPod(({ metadata }) => {
    metadata!.annotations = JSON.parse(
      '{"rollcall.dev/inject":"true","__proto__":"p","constructor":"c","hasOwnProperty":"h"}',
    );
  });
  const { patch } = injected(given);
  assert.ok(patch.every(({ path }) => !/__proto__|constructor|hasOwnProperty/.test(path)));
  const { annotations } = applied(given, patch).metadata!;
  assert.deepEqual([annotations?.constructor, annotations?.hasOwnProperty], ['c', 'h']);
  assert.equal(Object.getPrototypeOf({}), Object.prototype);
  assert.deepEqual(Object.keys(Object.prototype), []);
});
