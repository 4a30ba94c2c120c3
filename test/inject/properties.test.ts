/** The properties that hold for every pod, on generated pods. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { keys } from '../../src/inject/annotations.ts';
import type { Context } from '../../src/inject/inject.ts';
import { NAME, TOKEN_PATH } from '../../src/inject/names.ts';
import type { Plan } from '../../src/inject/plan.ts';
import type { Container, Pod, Volume } from '../../src/inject/pod.ts';
import { uninject } from '../../src/inject/uninject.ts';
import { isRestrictedVolume, restrictedViolations } from '../support/pod-security.ts';
import { applied, containersOf, secondPass } from './api-server.ts';
import { pods, untouchedPods } from './arbitrary-pods.ts';
import { contexts } from './arbitrary-words.ts';
import { constructed } from './constructed.ts';
import { injected } from './pods.ts';
import { SEED } from './seed.ts';

const RUNS = { numRuns: 2000, seed: SEED };
/** The names that all objects have before any test. */
const PROTOTYPE = Reflect.ownKeys(Object.prototype).sort().join();

function forEveryPod(check: (pod: Pod, context: Context) => void, of = pods): void {
  fc.assert(fc.property(of, contexts, check), RUNS);
}

/** Checks a property of every generated pod that is injected, with its result. */
function forEveryInjected(
  check: (pod: Pod, after: Pod, plan: Plan, context: Context) => void,
  of = pods,
): void {
  let count = 0;
  forEveryPod((pod, context) => {
    const { patch, plan } = injected(pod, context);
    if (plan === undefined) return;
    count += 1;
    check(pod, applied(pod, patch), plan, context);
  }, of);
  assert.ok(count > RUNS.numRuns * 0.6, `only ${count} of ${RUNS.numRuns} generated pods were injected`);
}

test('injected, filled in and seen again, no pod is patched a second time', () => {
  forEveryPod((pod, context) => {
    const again = secondPass(applied(pod, injected(pod, context).patch));
    assert.deepEqual(injected(again, context).patch, []);
  });
});

test('the patch comes to the pod that is put together from the plan', () => {
  forEveryInjected((pod, after, plan) => assert.deepEqual(after, constructed(pod, plan)));
});

test('a pod that is not injected is not patched, and says why', () => {
  const seen = new Set<string>();
  forEveryPod((pod, context) => {
    const { decision, plan, patch } = injected(pod, context);
    if (decision.kind === 'inject') return;
    for (const { code } of decision.reasons) seen.add(code);
    assert.deepEqual([plan, patch], [undefined, []]);
    for (const { sentence } of decision.reasons)
      assert.ok(sentence.length > 20 && !/[\n\r]|undefined|\[object/.test(sentence), sentence);
    const sentences = decision.reasons.map(({ sentence }) => sentence);
    assert.equal(new Set(sentences).size, sentences.length, 'nothing is said twice');
  });
  assert.ok(seen.size >= 8, [...seen].join());
});

test('a valid pod stays valid: unique names and mount paths, and a volume for every mount', () => {
  forEveryInjected((pod, after) => {
    assert.deepEqual(faults(pod), [], 'the generator makes valid pods');
    assert.deepEqual(faults(after), []);
  });
});

test('everything of the application that the plan does not list stays', () => {
  forEveryInjected((pod, after, plan) => {
    assert.deepEqual(ofApplication(after, plan), ofApplication(pod, plan));
  });
});

test('the sidecar is there once, and where there was none it comes first', () => {
  forEveryInjected((pod, { spec }, plan) => {
    const [main, inits] = [spec.containers, spec.initContainers ?? []];
    const [list, others] = plan.native ? [inits, main] : [main, inits];
    assert.equal(list.filter(({ name }) => name === NAME).length, 1);
    assert.ok(others.every(({ name }) => name !== NAME));
    if (!containersOf(pod).some(({ name }) => name === NAME)) assert.equal(list[0]!.name, NAME);
  });
});

test('every container gets one read-only mount, and of a swapped account no token', () => {
  forEveryInjected((pod, after, plan) => {
    const mounted = plan.mounted ?? new Set(pod.spec.containers.map(({ name }) => name));
    for (const { name, volumeMounts = [] } of containersOf(after)) {
      if (name === NAME) continue;
      const ours = volumeMounts.filter(
        ({ mountPath }) => mountPath.replace(/\/+$/, '') === plan.mount.mountPath,
      );
      if (mounted.has(name)) {
        assert.deepEqual(
          ours.map((mount) => [mount.name, mount.readOnly]),
          [[NAME, true]],
        );
      }
      if (plan.account === 'scoped') assert.ok(!volumeMounts.some(isTokenMount));
    }
  });
});

test('a pod that keeps PodSecurity restricted still does', () => {
  let clean = 0;
  forEveryInjected((pod, after) => {
    if (violations(pod).length > 0) return;
    clean += 1;
    assert.deepEqual(violations(after), []);
  });
  assert.ok(clean > RUNS.numRuns / 8, `only ${clean} of the pods were clean`);
});

test('what was put in comes out again, and leaves the pod as it was', () => {
  forEveryInjected((pod, after) => {
    const marked = Object.hasOwn(pod.metadata?.annotations ?? {}, keys.status.key);
    if (marked || containersOf(pod).some(({ name }) => name === NAME)) return;
    assert.deepEqual(applied(after, uninject(after)), pod);
  }, untouchedPods);
});

test('the pod that is given, and the prototype of all objects, are left as they were', () => {
  forEveryInjected((pod, after, _plan, context) => {
    const [before, ofContext] = [structuredClone(pod), structuredClone(context)];
    injected(pod, context);
    const given = structuredClone(after);
    uninject(after);
    assert.deepEqual([pod, context, after], [before, ofContext, given]);
  });
  assert.equal(Reflect.ownKeys(Object.prototype).sort().join(), PROTOTYPE);
});

/** Returns the faults for which an API server would refuse a pod, as far as a patch could cause them. */
function faults(pod: Pod): string[] {
  const volumes = (pod.spec.volumes ?? []).map(({ name }) => name);
  const mounts = containersOf(pod).map(({ volumeMounts }) => volumeMounts ?? []);
  return [
    ...duplicates(volumes),
    ...duplicates(containersOf(pod).map(({ name }) => name)),
    ...mounts.flatMap((ofOne) => duplicates(ofOne.map(({ mountPath }) => mountPath))),
    ...mounts.flat().flatMap(({ name }) => (volumes.includes(name) ? [] : [`no volume ${name}`])),
  ];
}

function duplicates(names: string[]): string[] {
  return names.filter((name, index) => names.indexOf(name) !== index);
}

function violations(pod: Pod): string[] {
  const volumes = (pod.spec.volumes ?? []).filter((volume) => !isRestrictedVolume(volume));
  return [
    ...containersOf(pod).flatMap((container) => restrictedViolations(container)),
    ...volumes.map(({ name }) => name),
    ...(pod.spec.hostNetwork === true ? ['hostNetwork'] : []),
  ];
}

function isTokenMount({ name, mountPath }: { name: string; mountPath: string }): boolean {
  return name.startsWith('kube-api-access-') && mountPath === TOKEN_PATH;
}

/** The pod without all that the plan lists. */
function ofApplication(pod: Pod, plan: Plan): unknown {
  const swapped = plan.account === 'scoped';
  const { metadata, spec } = structuredClone(pod);
  const ours = ['rollcall.dev/status', ...(plan.native ? [] : ['kubectl.kubernetes.io/default-container'])];
  const annotations = Object.entries(metadata?.annotations ?? {}).filter(([key]) => !ours.includes(key));
  const { serviceAccountName, serviceAccount, automountServiceAccountToken, imagePullSecrets, ...rest } =
    spec;
  const added = new Set(plan.pullSecrets.map(({ name }) => name));
  const planned = plan.volumes.map(({ name }) => name);
  const isKept = ({ name }: Volume) =>
    !planned.includes(name) && !(swapped && name.startsWith('kube-api-access-'));
  const withoutMounts = (container: Container) => ({
    ...container,
    volumeMounts: (container.volumeMounts ?? []).filter(
      (mount) => mount.mountPath !== plan.mount.mountPath && !(swapped && isTokenMount(mount)),
    ),
  });
  const others = (list: readonly Container[] = []) =>
    list.filter(({ name }) => name !== NAME).map(withoutMounts);
  return {
    metadata: { ...metadata, annotations },
    pullSecrets: (imagePullSecrets ?? []).filter(({ name }) => !added.has(name)),
    account: swapped || { serviceAccountName, serviceAccount, automountServiceAccountToken },
    spec: {
      ...rest,
      volumes: (spec.volumes ?? []).filter(isKept),
      containers: others(spec.containers),
      initContainers: others(spec.initContainers),
    },
  };
}
