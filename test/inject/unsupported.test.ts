import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { keys } from '../../src/inject/annotations.ts';
import { EXCLUDED_NAMESPACES } from '../../src/inject/names.ts';
import { warningTexts } from '../../src/webhook/told.ts';
import { annotate, askingPod, decided, INSTALL, injected, labelled, plain, pod, refusal } from './pods.ts';
import type { Tweak } from './tweaks.ts';

const spec =
  (fields: object): Tweak =>
  (made) =>
    Object.assign(made.spec, fields);

const MIRROR = { 'kubernetes.io/config.mirror': 'hash' };

describe('a static pod', () => {
  test('is never denied: its node runs it all the same, and it would be hidden', () => {
    for (const inject of ['true', 'yes', '']) {
      const mirror = askingPod(annotate({ ...MIRROR, [keys.inject.key]: inject }));
      assert.equal(decided(mirror, labelled).kind, 'skip');
    }
    const [kind, code, sentence] = refusal(decided(askingPod(annotate(MIRROR)), plain));
    assert.deepEqual([kind, code], ['skip', 'mirror-pod']);
    assert.match(sentence, /run by its node alone/);
  });

  test('of which nobody asks anything is like any other', () => {
    assert.equal(refusal(decided(pod(annotate(MIRROR)), plain))[1], 'not-opted-in');
  });
});

describe('a namespace that nothing is added to', () => {
  const excluded = [...EXCLUDED_NAMESPACES, 'rollcall-system'].map((name) => ({ ...labelled, name }));
  const install = { ...INSTALL, ownNamespace: 'rollcall-system' };

  test('has its pods skipped, never refused, whatever they say', () => {
    assert.deepEqual(EXCLUDED_NAMESPACES, ['kube-system', 'kube-public', 'kube-node-lease']);
    for (const namespace of excluded) {
      for (const inject of ['true', 'yes', '']) {
        const asking = askingPod(annotate({ [keys.inject.key]: inject, [keys.service.key]: 'No!' }));
        assert.equal(decided(asking, namespace, { install }).kind, 'skip');
      }
      const [kind, code, sentence] = refusal(decided(askingPod(), namespace, { install }));
      assert.deepEqual([kind, code], ['skip', 'excluded-namespace']);
      assert.match(sentence, new RegExp(`namespace "${namespace.name}"; run .* in another`));
      assert.equal(refusal(decided(pod(), namespace, { install }))[1], 'excluded-namespace');
      assert.match(warningTexts(injected(askingPod(), { namespace, install })).join(), /excluded-namespace/);
    }
  });

  test('is quiet about pods that nobody meant', () => {
    const namespace = { ...plain, name: 'kube-system' };
    assert.equal(refusal(decided(pod(), namespace))[1], 'not-opted-in');
    const declining = pod(annotate({ [keys.inject.key]: 'false' }));
    assert.equal(refusal(decided(declining, { ...labelled, name: 'kube-system' }))[1], 'opted-out');
  });

  test('is none under the name of another', () => {
    for (const name of ['kube-systems', 'default', 'rollcall-system'])
      assert.equal(decided(askingPod(), { ...plain, name }).kind, 'inject');
  });
});

describe('a pod on the network of its node', () => {
  const onNode = spec({ hostNetwork: true });

  test('has to ask itself', () => {
    assert.equal(decided(askingPod(onNode), labelled).kind, 'inject');
    const silent = askingPod(onNode);
    delete silent.metadata!.annotations![keys.inject.key];
    const [kind, code, sentence] = refusal(decided(silent, labelled));
    assert.deepEqual([kind, code], ['skip', 'host-network']);
    assert.match(sentence, /ask itself, with rollcall\.dev\/inject: "true"/);
  });
});

describe('a pod of a size that none has', () => {
  const many = (count: number, name: string) =>
    Array.from({ length: count }, (_, index) => ({ name: `${name}-${index}` }));
  const mounts = many(2001, 'm').map(({ name }) => ({ name, mountPath: `/${name}` }));
  const sizes: [what: string, fields: object, decided: boolean][] = [
    ['500 containers', { containers: many(400, 'a'), initContainers: many(100, 'b') }, true],
    ['501 containers', { containers: many(400, 'a'), initContainers: many(101, 'b') }, false],
    ['1000 volumes', { volumes: many(1000, 'v') }, true],
    ['1001 volumes', { volumes: many(1001, 'v') }, false],
    ['2001 mounts', { containers: [{ name: 'a', volumeMounts: mounts }] }, false],
  ];
  for (const [what, fields, fine] of sizes) {
    test(`${what}: ${fine ? 'is injected' : 'is refused when it asks, and skipped when its namespace does'}`, () => {
      const asking = askingPod(spec(fields));
      if (fine) return assert.equal(decided(asking, plain).kind, 'inject');
      const [kind, code, sentence] = refusal(decided(asking, plain));
      assert.deepEqual([kind, code], ['deny', 'too-large']);
      assert.ok(sentence.includes(`has ${what}, and the sidecar is added to pods of up to`), sentence);
      delete asking.metadata!.annotations![keys.inject.key];
      assert.deepEqual(refusal(decided(asking, labelled)).slice(0, 2), ['skip', 'too-large']);
      assert.equal(refusal(decided(asking, plain))[1], 'not-opted-in');
    });
  }

  test('also by its annotations', () => {
    const asking = askingPod(annotate(Object.fromEntries(many(1001, 'a').map(({ name }) => [name, '']))));
    assert.equal(refusal(decided(asking, plain))[1], 'too-large');
  });
});
