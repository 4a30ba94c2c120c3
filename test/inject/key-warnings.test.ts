import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { keys } from '../../src/inject/annotations.ts';
import { sampled, samples } from './key-samples.ts';
import { annotate, askingPod, injected, labelled, pod, warned } from './pods.ts';

describe('warnings', () => {
  const warnings = (annotations: Record<string, string>, context = {}, base = askingPod) =>
    warned(injected(base(annotate(annotations)), context));

  test('name keys that there are not, whatever becomes of the pod', () => {
    const typo = { 'rollcall.dev/wait-fro': '3', 'rollcall.dev/zzzzzz': '' };
    const unknown = [
      'annotation rollcall.dev/wait-fro is not known; is rollcall.dev/wait-for meant?',
      'annotation rollcall.dev/zzzzzz is not known',
    ];
    assert.deepEqual(warnings(typo), unknown);
    assert.deepEqual(warnings({ ...typo, [keys.inject.key]: 'false' }), unknown);
    assert.deepEqual(warnings({ ...typo, [keys.service.key]: 'No!' }), unknown);
  });

  test('name the key that is meant where only its domain is misspelled', () => {
    const annotations = {
      'rolcall.dev/inject': 'true',
      'rollcall.io/service': 'db',
      'rollcall.dve/file.hosts': '{name}',
      'rolcal.dev/notify': 'udp://127.0.0.1:1',
      // A domain of which more than two letters differ is another one.
      'rolca.dev/notify': 'udp://127.0.0.1:1',
      'rollcall.dev.example/nothing': '',
      'sidecar.example/inject': 'true',
      'rollcall.dev': '',
    };
    const meant = [
      'rolcall.dev/inject',
      'rollcall.io/service',
      'rollcall.dve/file.hosts',
      'rolcal.dev/notify',
    ].map((key) => `annotation ${key} is not known; is rollcall.dev/${key.split('/')[1]} meant?`);
    assert.deepEqual(warnings(annotations, {}, pod), meant);
    const many = Array.from({ length: 30 }, (_, at) => [`rolcall.dev/file.f${at}`, 'x']);
    assert.equal(warnings(Object.fromEntries(many), {}, pod).length, 10);
    const unknown = Array.from({ length: 8 }, (_, at) => [`rollcall.dev/unknown-${at}`, 'x']);
    assert.equal(warnings(Object.fromEntries([...many, ...unknown])).length, 10, 'all kinds together');
  });

  test('compare no more than 50 other domains, however many a pod has', () => {
    const others = (count: number) => Array.from({ length: count }, (_, at) => [`rol-${at}.dev/inject`, 'x']);
    const told = (count: number) =>
      warnings(Object.fromEntries([...others(count), ['rolcall.dev/inject', 'true']]), {}, pod).length;
    assert.deepEqual([told(49), told(50)], [1, 0]);
  });

  test('say that keys of namespaces do nothing on a pod, and where to write them', () => {
    for (const { key, example } of [keys.podAccess, keys.grant])
      assert.deepEqual(warnings({ [key]: example }), [
        `annotation ${key} does nothing on a pod; write it on the namespace`,
      ]);
  });

  test('say that nothing comes of keys on a pod that nobody asks for', () => {
    const [warning, ...more] = warnings({ [keys.service.key]: 'db' }, {}, pod);
    assert.match(warning!, /rollcall\.dev\/service does nothing on a pod that is not injected; neither/);
    assert.deepEqual(more, []);
    assert.deepEqual(warnings({ [keys.status.key]: 'x' }, {}, pod), [], 'it is ours');
    assert.deepEqual(warnings({ 'other.example/a': 'x' }, {}, pod), []);
  });
});

test('what runs, sends, mounts or changes identity is not for a namespace to say: it is warned of', () => {
  const unheard = sampled.map(([name]) => name).filter((name) => keys[name].on === 'pod-or-installation');
  assert.ok(unheard.includes('onStart') && unheard.includes('expected'));
  for (const name of unheard) {
    const { key } = keys[name];
    const { good } = samples[name];
    const namespace = { ...labelled, annotations: { [key]: name === 'containers' ? 'none' : good[1]! } };
    const silent = pod(({ spec: made }) => Object.assign(made, { subdomain: 'db' }));
    const report = injected(silent, { namespace });
    assert.deepEqual(report.plan, injected(silent, { namespace: labelled }).plan, key);
    const [warning, ...more] = report.warnings;
    assert.deepEqual([warning!.code, more], ['namespace-key', []]);
    assert.match(warning!.sentence, /^these annotations of the namespace do nothing: rollcall/);
    assert.ok(warning!.sentence.includes(key));
    assert.deepEqual(injected(pod(), { namespace: { ...namespace, labels: {} } }).warnings, []);
  }
});
