/** A minimal pod as an API server shows it to a webhook, and small changes that tests make to it. */

import assert from 'node:assert/strict';
import { keys } from '../../src/inject/annotations.ts';
import type { Code } from '../../src/inject/codes.ts';
import type { Decision } from '../../src/inject/decision.ts';
import { type Context, decide, inject, type Report } from '../../src/inject/inject.ts';
import { TOKEN_PATH } from '../../src/inject/names.ts';
import type { Options } from '../../src/inject/options.ts';
import { type Install, type Plan, type PlanContext, plan } from '../../src/inject/plan.ts';
import type { Container, Namespace, Pod, Volume, VolumeMount } from '../../src/inject/pod.ts';

export const INSTALL: Install = {
  image: 'rollcall:0.2.0',
  shellImage: 'rollcall:0.2.0-shell',
  version: '0.2.0',
  defaults: {},
  nativeSidecars: true,
  podResources: true,
};

/** The volume that the ServiceAccount plugin adds, and its mount in each container. */
export const TOKEN = 'kube-api-access-x7k2p';
export const TOKEN_MOUNT: VolumeMount = { name: TOKEN, mountPath: TOKEN_PATH, readOnly: true };

export function tokenVolume(name = TOKEN): Volume {
  const sources = [
    { serviceAccountToken: { expirationSeconds: 3607, path: 'token' } },
    { configMap: { name: 'kube-root-ca.crt', items: [{ key: 'ca.crt', path: 'ca.crt' }] } },
    { downwardAPI: { items: [{ path: 'namespace', fieldRef: fieldRef('metadata.namespace') }] } },
  ];
  return { name, projected: { defaultMode: 420, sources } };
}

export function container(name: string, fields: Partial<Container> = {}): Container {
  return {
    name,
    image: 'registry.example/app:1',
    resources: {},
    volumeMounts: [{ ...TOKEN_MOUNT }],
    terminationMessagePath: '/dev/termination-log',
    terminationMessagePolicy: 'File',
    imagePullPolicy: 'IfNotPresent',
    ...fields,
  };
}

/** Valid and complete, with no word about Rollcall. */
export function pod(tweak: (pod: Pod) => void = () => {}): Pod {
  const spec = {
    volumes: [tokenVolume()],
    containers: [container('app')],
    restartPolicy: 'Always',
    terminationGracePeriodSeconds: 30,
    dnsPolicy: 'ClusterFirst',
    serviceAccountName: 'default',
    serviceAccount: 'default',
    securityContext: {},
    schedulerName: 'default-scheduler',
    tolerations: [
      {
        key: 'node.kubernetes.io/not-ready',
        operator: 'Exists',
        effect: 'NoExecute',
        tolerationSeconds: 300,
      },
      {
        key: 'node.kubernetes.io/unreachable',
        operator: 'Exists',
        effect: 'NoExecute',
        tolerationSeconds: 300,
      },
    ],
    priority: 0,
    enableServiceLinks: true,
    preemptionPolicy: 'PreemptLowerPriority',
  };
  const made: Pod = { metadata: { name: 'db-0', namespace: 'demo', labels: { app: 'db' } }, spec };
  tweak(made);
  return made;
}

/** Returns a pod that asks for the sidecar and names its group. */
export function askingPod(tweak: (pod: Pod) => void = () => {}): Pod {
  return pod((made) => {
    made.metadata!.annotations = { [keys.inject.key]: 'true' };
    made.spec.subdomain = 'db';
    tweak(made);
  });
}

export const plain: Namespace = {
  name: 'demo',
  labels: { 'kubernetes.io/metadata.name': 'demo' },
  annotations: {},
};
/** A namespace that lets the sidecars of its pods read pods. */
export const readable: Namespace = { ...plain, annotations: { [keys.podAccess.key]: 'true' } };
export const labelled: Namespace = {
  ...plain,
  labels: { ...plain.labels, [keys.injection.key]: 'enabled' },
};

export function decided(given: Pod, namespace: Namespace, context: Partial<Context> = {}): Decision {
  return decide(given, { namespace, install: INSTALL, dryRun: false, ...context });
}

/** Returns the one reason why a pod is left alone. */
export function refusal(decision: Decision): [kind: string, code: Code, sentence: string] {
  if (decision.kind === 'inject') throw new Error('the pod is to be injected');
  const [{ code, sentence }, ...more] = decision.reasons;
  assert.deepEqual(more, [], 'there is one reason only');
  return [decision.kind, code, sentence];
}

/** Returns the codes of all reasons why a pod is left alone. */
export function codesOf(decision: Decision): Code[] {
  return decision.kind === 'inject' ? [] : decision.reasons.map(({ code }) => code);
}

/** Returns the sentences of the warnings. */
export function warned({ warnings }: Report): string[] {
  return warnings.map(({ sentence }) => sentence);
}

export function annotate(annotations: Record<string, string>): (pod: Pod) => void {
  return (made) => {
    made.metadata!.annotations = { ...made.metadata!.annotations, ...annotations };
  };
}

/** The options of a pod that asks and says no more than `annotations`. */
export function optionsWith(annotations: Record<string, string> = {}, namespace = plain): Options {
  const decision = decided(askingPod(annotate(annotations)), namespace);
  if (decision.kind !== 'inject') throw new Error(decision.reasons[0].sentence);
  return decision.options;
}

/** Returns the plan of the pod with these annotations. */
export function planned(
  given: Pod = pod(),
  annotations: Record<string, string> = {},
  context: Partial<PlanContext> = {},
): Plan {
  const rest = { namespace: plain, install: INSTALL, dryRun: false, admission: true, asks: true, ...context };
  return plan(given, optionsWith(annotations, rest.namespace), rest);
}

export function injected(given: Pod, context: Partial<Context> = {}): Report {
  return inject(given, { namespace: plain, install: INSTALL, dryRun: false, admission: true, ...context });
}

function fieldRef(fieldPath: string) {
  return { apiVersion: 'v1', fieldPath };
}
